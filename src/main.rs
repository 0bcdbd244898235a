//! The `docgen` program: arguments to the library, its answer to an exit status.

fn main() {}
