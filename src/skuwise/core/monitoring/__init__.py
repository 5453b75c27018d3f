"""Monitoring: what changed in demand, supply, stock or feed, how sure that is, and which rule should change for it.

A monitor is a function of what a plan knows that gives ``Alarms``. What an alarm proposes is a ``Change`` of a rule;
within the shop's guard-rails it is applied by itself, written down with its reason, and can be undone.
"""
