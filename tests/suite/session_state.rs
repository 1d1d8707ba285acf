//! What a command leaves in its session does not reach the next caller.

use serde_json::{Value as Json, json};

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

fn reads_the_tenant() -> FunctionFolder {
    FunctionFolder::http(
        "ReadTenant",
        "get",
        "tenant",
        json!({ "result": "value" }),
        "SELECT CAST(SESSION_CONTEXT(N'tenant') AS nvarchar(50)) AS tenant",
    )
}

fn sets_the_tenant() -> FunctionFolder {
    FunctionFolder::http(
        "SetTenant",
        "post",
        "tenant",
        json!({ "parameters": { "@tenant": { "from": "body.tenant", "type": "nvarchar(50)" } }, "result": "value" }),
        "EXEC sp_set_session_context N'tenant', @tenant; SELECT 1 AS done",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn session_context_that_a_command_sets_is_not_there_for_the_next_caller() {
    let desk = Desk::builder().function(reads_the_tenant()).function(sets_the_tenant()).start().await;

    for _ in 0..3 {
        let set = desk.post("/api/tenant", &json!({ "tenant": "CANARY-TENANT" })).await;
        assert_eq!(set.json(200), json!(1));
        assert_eq!(desk.get("/api/tenant").await.json(200), Json::Null);
    }

    desk.finish().await;
}
