//! What templates match, by the facts of ASP.NET, and the laws that hold for any text.
