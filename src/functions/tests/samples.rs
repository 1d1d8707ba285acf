//! The samples that ship with the worker are valid, and say what they do.

use std::path::Path;

use crate::database::{Isolation, Unit};
use crate::functions::{Catalogue, ResultForm, Trigger, load};

fn samples() -> Catalogue {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("function-definitions")).unwrap()
}

#[test]
fn every_sample_is_valid() {
    let samples = samples();
    let mistakes: Vec<String> = samples.invalid().map(|(_, error)| error.to_string()).collect();
    assert_eq!(mistakes, Vec::<String>::new());
    assert_eq!(
        samples.names().collect::<Vec<_>>(),
        [
            "CityReport",
            "CreatePerson",
            "DeletePerson",
            "GetPerson",
            "IngestOrder",
            "ListPersons",
            "NightlySummary",
            "PlaceOrder",
            "SqlPing",
            "UpdatePerson"
        ]
    );
}

#[test]
fn a_sample_is_found_in_any_case() {
    assert_eq!(&*samples().get("getperson").unwrap().as_ref().unwrap().name, "GetPerson");
    assert!(samples().get("GetPersons").is_none());
}

#[test]
fn reads_are_repeatable_writes_are_single_statements_one_has_a_key_and_one_calls_a_procedure() {
    for function in samples().valid() {
        let reads = ["SqlPing", "ListPersons", "GetPerson"].contains(&&*function.name);
        let expected = match &*function.name {
            "PlaceOrder" => Unit::Keyed(Isolation::Default),
            "CityReport" => Unit::Transaction(Isolation::Default),
            _ if reads => Unit::Repeatable,
            _ => Unit::SingleStatement,
        };
        assert_eq!(function.plan().unwrap().unit(), expected, "{}", function.name);
        let calls = &*function.name == "CityReport";
        assert_eq!(function.plan().unwrap().may_leave_transaction(), calls, "{}", function.name);
    }
}

#[test]
fn a_sample_is_compiled_as_it_is_written() {
    let samples = samples();
    let list = samples.get("ListPersons").unwrap().as_ref().unwrap();
    assert_eq!(&**list.plan().unwrap().declarations(), "@city nvarchar(50), @offset int, @limit int");
    assert_eq!(&**list.plan().unwrap().connection_setting(), "AZURE_SQL_CONNECTIONSTRING");
    assert_eq!(list.plan().unwrap().answer().form, ResultForm::Rows);
    let Trigger::Http(get) = &samples.get("GetPerson").unwrap().as_ref().unwrap().trigger else {
        panic!("GetPerson is not an HTTP function");
    };
    assert_eq!(
        (get.binding.as_str(), get.output.as_str(), get.route.text()),
        ("req", "res", "persons/{id:int}")
    );
    let create = samples.get("CreatePerson").unwrap().as_ref().unwrap();
    assert_eq!(create.plan().unwrap().answer().status, 201);
    assert!(matches!(samples.get("NightlySummary").unwrap().as_ref().unwrap().trigger, Trigger::Timer(_)));
}

#[test]
fn a_sample_needs_the_rights_that_its_command_shows() {
    let samples = samples();
    let rights: Vec<(String, Vec<String>)> = samples
        .valid()
        .map(|function| {
            let needed = function.plan().unwrap().rights_needed();
            assert!(needed.notes.is_empty(), "{}: {:?}", function.name, needed.notes);
            let rights = needed.each().map(|(object, right)| format!("{right} {object}")).collect();
            (function.name.to_string(), rights)
        })
        .collect();
    let expected: [(&str, &[&str]); 10] = [
        ("CityReport", &["EXECUTE [dbo].[CityReport]"]),
        ("CreatePerson", &["SELECT [dbo].[Persons]", "INSERT [dbo].[Persons]"]),
        ("DeletePerson", &["SELECT [dbo].[Persons]", "DELETE [dbo].[Persons]"]),
        ("GetPerson", &["SELECT [dbo].[Persons]"]),
        ("IngestOrder", &["SELECT [dbo].[IncomingOrders]", "INSERT [dbo].[IncomingOrders]"]),
        ("ListPersons", &["SELECT [dbo].[Persons]"]),
        ("NightlySummary", &["INSERT [dbo].[NightlySummaries]", "SELECT [dbo].[Persons]"]),
        (
            "PlaceOrder",
            &[
                "SELECT [dbo].[AzsqlIdempotency]",
                "INSERT [dbo].[AzsqlIdempotency]",
                "UPDATE [dbo].[AzsqlIdempotency]",
                "DELETE [dbo].[AzsqlIdempotency]",
                "SELECT [dbo].[PlacedOrders]",
                "INSERT [dbo].[PlacedOrders]",
            ],
        ),
        ("SqlPing", &[]),
        ("UpdatePerson", &["SELECT [dbo].[Persons]", "UPDATE [dbo].[Persons]"]),
    ];
    let expected = expected
        .map(|(name, rights)| (name.to_owned(), rights.iter().map(|&right| right.to_owned()).collect()));
    assert_eq!(rights, expected);
}
