//! Signed access tokens: what the identity endpoint issues and the SQL endpoint verifies.
