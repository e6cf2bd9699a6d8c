//! The tests of this package are in `end_to_end/`.
