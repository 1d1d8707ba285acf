//! The functions that the worker serves itself, each by what it needs.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use serde_json::json;

use crate::database::Database;
use crate::doctor::BuiltInDoctor;
use crate::functions::{BuiltIn, BuiltInAnswer, BuiltInFunctions};
use crate::invocation::{HttpRequest, Invocation, Problem};

/// See the module.
#[derive(Debug)]
pub(super) struct BuiltIns {
    /// None when no function asks for it.
    pub(super) doctor: Option<BuiltInDoctor>,
    /// The sentence about what is wrong when there can be none.
    pub(super) database: Result<Database, String>,
    /// None when no function asks for it; the sentence about what is wrong when there can be none.
    pub(super) openapi: Option<Result<String, String>>,
}

impl BuiltIns {
    fn metrics(&self) -> Result<BuiltInAnswer, Problem> {
        let database = self.database.as_ref().map_err(|sentence| Problem::not_configured(sentence))?;
        let body = json!({ "pools": database.metrics() }).to_string();
        Ok(BuiltInAnswer { status: 200, body })
    }

    fn openapi(&self) -> Result<BuiltInAnswer, Problem> {
        match &self.openapi {
            Some(Ok(document)) => Ok(BuiltInAnswer { status: 200, body: document.clone() }),
            Some(Err(sentence)) => Err(Problem::not_configured(sentence)),
            // It is made whenever a definition names it.
            None => Err(Problem::defect()),
        }
    }
}

impl BuiltInFunctions for BuiltIns {
    fn run(
        &self,
        which: BuiltIn,
        invocation: Invocation,
        _request: HttpRequest,
    ) -> BoxFuture<'_, Result<BuiltInAnswer, Problem>> {
        match (which, &self.doctor) {
            (BuiltIn::Doctor, Some(doctor)) => async move { doctor.answer(&invocation).await }.boxed(),
            // It is made whenever a definition names it.
            (BuiltIn::Doctor, None) => ready(Err(Problem::defect())).boxed(),
            (BuiltIn::Metrics, _) => ready(self.metrics()).boxed(),
            (BuiltIn::OpenApi, _) => ready(self.openapi()).boxed(),
        }
    }
}
