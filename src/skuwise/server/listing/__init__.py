"""One declarative list behind every table: columns, filters, search, sorting and seek paging."""
