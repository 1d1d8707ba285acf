//! The program `azsql-worker`: hands over to the library.

fn main() {}
