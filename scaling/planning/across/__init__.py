"""One answer a size, carried to the target's: the CMR definition, and the tolerance definition by a link."""
