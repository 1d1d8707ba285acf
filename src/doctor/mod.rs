//! The doctor: what is wrong between the worker and its database, and the script that gives it its rights.

pub mod grant;
