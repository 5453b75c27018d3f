"""The pages: what a person sees and does; every decision and every check lies in the services that they call."""
