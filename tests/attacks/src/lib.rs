//! Attacks on the running system: all of it is in `tests/it`, an attack a file.
