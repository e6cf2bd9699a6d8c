//! The local stack as a person sees it: through the `muster` program, in a scratch checkout with a small template.

#[path = "local_stack/scratch.rs"]
mod scratch;

#[path = "local_stack/ending.rs"]
mod ending;
#[path = "local_stack/python.rs"]
mod python;
#[path = "local_stack/starting.rs"]
mod starting;
