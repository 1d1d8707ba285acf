//! A value of any type comes back in the form that `docs/definitions.md` gives it: JSON, parameter, table, column, JSON.

mod refusals;
mod tables;
mod values;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value as Json, json};

use self::values::{Case, Trip};
use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

/// Values of one call; the last is NULL.
const VALUES: usize = 16;
/// Calls of each type.
const CALLS: usize = 2;

/// Stores the values of a call and reads them back.
fn function(index: usize, case: &Case) -> FunctionFolder {
    let mut parameters =
        Map::from_iter([("@call".to_owned(), json!({ "from": "body.call", "type": "int" }))]);
    let mut rows = Vec::new();
    for place in 0..VALUES {
        let parameter = json!({ "from": format!("body.v{place}"), "type": case.parameter });
        parameters.insert(format!("@v{place}"), parameter);
        rows.push(format!("(@call, {place}, {})", case.stored.replace("{}", &format!("@v{place}"))));
    }
    FunctionFolder::http(
        &format!("Trip{index}"),
        "post",
        &format!("trips/{index}"),
        json!({ "parameters": parameters, "result": "rows" }),
        &format!(
            "INSERT INTO dbo.Trip{index} (Call, Place, Value) VALUES {}; \
             SELECT Value FROM dbo.Trip{index} WHERE Call = @call ORDER BY Place",
            rows.join(", ")
        ),
    )
}

fn table(index: usize, case: &Case) -> String {
    format!(
        "CREATE TABLE dbo.Trip{index} (Call int NOT NULL, Place int NOT NULL, Value {} NULL);\nGO\n",
        case.column
    )
}

async fn go_and_return(desk: &Desk, index: usize, case: &Case, call: usize, trips: &[Trip]) {
    let mut body = Map::from_iter([("call".to_owned(), json!(call))]);
    for (place, trip) in trips.iter().enumerate() {
        body.insert(format!("v{place}"), trip.sent.clone());
    }
    let answer = desk.post(&format!("/api/trips/{index}"), &Json::Object(body)).await;

    let returned = answer.json(200);
    let returned: Vec<&Json> = returned.as_array().unwrap().iter().map(|row| &row["Value"]).collect();
    let name = case.name;
    assert_eq!(returned.len(), VALUES, "{name}");
    for (trip, returned) in trips.iter().zip(&returned) {
        assert_eq!(**returned, trip.returned, "{name}: {} came back otherwise", trip.sent);
    }
    assert_eq!(*returned[VALUES - 1], Json::Null, "{name}: NULL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_any_type_comes_back_in_its_documented_form() {
    let cases = values::cases();
    let seed: String = cases.iter().enumerate().map(|(index, case)| table(index, case)).collect();
    let functions = cases.iter().enumerate().map(|(index, case)| function(index, case));
    let desk =
        functions.fold(Desk::builder().seed(&seed), |desk, function| desk.function(function)).start().await;

    let mut runner = TestRunner::default();
    for (index, case) in cases.iter().enumerate() {
        for call in 0..CALLS {
            let trips: Vec<Trip> =
                (1..VALUES).map(|_| case.trips.new_tree(&mut runner).unwrap().current()).collect();
            go_and_return(&desk, index, case, call, &trips).await;
        }
    }

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rowversion_is_eight_bytes_in_base64() {
    let seed = "CREATE TABLE dbo.Versioned (Id int NOT NULL, Version rowversion NOT NULL);\nGO\nINSERT INTO dbo.Versioned (Id) VALUES (1);\n";
    let read = FunctionFolder::http(
        "Version",
        "get",
        "version",
        json!({ "result": "row" }),
        "SELECT Version, CAST(Version AS bigint) AS Number FROM dbo.Versioned",
    );
    let changed_since = FunctionFolder::http(
        "ChangedSince",
        "get",
        "changed",
        json!({ "parameters": { "@version": { "from": "query.version", "type": "binary(8)" } }, "result": "value" }),
        "SELECT COUNT(*) AS n FROM dbo.Versioned WHERE Version = @version",
    );
    let desk = Desk::builder().seed(seed).function(read).function(changed_since).start().await;

    let row = desk.get("/api/version").await.json(200);
    let version = row["Version"].as_str().unwrap();
    assert_eq!(version.len(), 12, "eight bytes in base64");
    // What came as a rowversion goes back as a binary(8).
    let encoded = version.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    assert_eq!(desk.get(&format!("/api/changed?version={encoded}")).await.json(200), json!(1));

    desk.finish().await;
}

/// The types of Azure SQL that the local endpoint doesn't have, so that nothing here speaks of them. One that it gets belongs
/// into `values.rs`.
const LACKING: [&str; 1] = ["vector(3)"];

#[tokio::test(flavor = "multi_thread")]
async fn the_local_endpoint_lacks_no_other_types_than_these() {
    let desk = Desk::start().await;
    let mut client = desk.sql_client().await;
    for lacking in LACKING {
        let created = client.runs(&format!("CREATE TABLE dbo.Lacking (Value {lacking} NULL)")).await;
        assert!(!created, "the endpoint has {lacking} now: test it");
    }
    desk.finish().await;
}
