//! A small Azure Functions host for one custom handler.
mod app;
mod envelope;
mod log;
mod reply;
mod routes;
mod settings;
mod timers;
