//! A small Azure Functions host for one custom handler.
