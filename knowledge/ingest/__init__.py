"""From a file or an address to a `ParsedDocument`; what comes in is not trusted, and what cannot be taken is `Refused`."""
