//! Who is who in the database, and who may do what.
//!
//! | module | holds |
//! |---|---|
//! | [`login`] | who logged in, and which user of the database that is |
//! | [`permission`] | the permissions, and which one covers which |
//! | [`principal`] | users and roles, those that every database has and those that were made |
//! | [`store`] | the side tables in the SQLite file |
//! | [`rights`] | the questions: is a member, may do, sees |
//! | [`functions`] | the same questions, asked by T-SQL functions |
//! | [`principals`] | CREATE USER, DROP ROLE and their kin |
//! | [`grants`] | GRANT, DENY, REVOKE |
//! | [`definitions`] | what CREATE TABLE and its kin need |
//! | [`denied`] | the errors for what a user may not |

mod definitions;
pub(crate) mod denied;
pub(crate) mod functions;
mod grants;
pub(crate) mod login;
pub(crate) mod permission;
pub(crate) mod principal;
mod principals;
pub(crate) mod rights;
pub(crate) mod store;
