//! `azsql-worker package`: the folder that it writes runs as it is, and nothing of the user's is ever touched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::mode::{Mode, worker_program};
use crate::support::script_root::{self, FunctionFolder};
use crate::support::{Desk, eventually};

/// What stands in for the worker where it need not run: the real one has 70 MB in a developer's build.
const STAND_IN: &str = "#!/bin/sh\nexit 70\n";

/// Runs `package` in this folder on [`STAND_IN`].
fn package(folder: &Path, arguments: &[&str]) -> Output {
    fs::write(folder.join("stand-in"), STAND_IN).unwrap();
    run(folder, &[&["--binary", "stand-in"], arguments].concat())
}

/// The same with the worker under test.
fn package_worker(folder: &Path, arguments: &[&str]) -> Output {
    let binary = worker_program();
    run(folder, &[&["--binary", binary.to_str().unwrap()], arguments].concat())
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(worker_program());
    command.arg("package").args(arguments).current_dir(folder).env_clear().output().unwrap()
}

#[track_caller]
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A script root with one function and what lies about at a desk.
fn script_root_with_droppings() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let host_json = script_root::HOST_JSON.replace(
        "\"version\": \"2.0\",",
        "\"version\": \"2.0\", // the schema's\n  \"mine\": { \"kept\": true },",
    );
    fs::write(folder.path().join("host.json"), host_json).unwrap();
    let read = json!({ "result": "row" });
    FunctionFolder::http("Ping", "get", "ping", read, "SELECT 1 AS one").write(folder.path());
    for (file, content) in [
        ("local.settings.json", "{ \"Values\": { \"A\": \"CANARY\" } }"),
        ("notes.txt", "mine"),
        ("Ping/query.sql~", "SELECT 0"),
        ("Ping/.query.sql.swp", "SELECT 0"),
        ("Ping/local.settings.json", "CANARY"),
    ] {
        fs::write(folder.path().join(file), content).unwrap();
    }
    folder
}

/// Every file below a folder by its path, with its bytes and mode.
fn files(folder: &Path) -> BTreeMap<String, (Vec<u8>, u32)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inside)).unwrap() {
            let entry = entry.unwrap();
            let path = inside.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                let path = path.to_str().unwrap().to_owned();
                found.insert(path, (fs::read(entry.path()).unwrap(), mode));
            }
        }
    }
    found
}

/// Calls one sample in a way that shows that it ran.
async fn call(desk: &Desk, sample: &str) {
    let person = json!({ "name": "CANARY" });
    match sample {
        "SqlPing" => assert_eq!(desk.get("/api/sql/ping").await.json(200)["status"], "ok"),
        "ListPersons" => {
            let page = desk.get("/api/persons?limit=3").await.json(200);
            assert_eq!(page.as_array().map(Vec::len), Some(3));
        }
        "GetPerson" => assert_eq!(desk.get("/api/persons/7").await.json(200)["Id"], 7),
        "CreatePerson" => assert_eq!(desk.post("/api/persons", &person).await.json(201)["Name"], "CANARY"),
        "UpdatePerson" => assert_eq!(desk.put("/api/persons/8", &person).await.json(200)["Name"], "CANARY"),
        "DeletePerson" => assert_eq!(desk.delete("/api/persons/9").await.status, 204),
        "CityReport" => {
            let report = desk.get("/api/cities/Lyon/report").await.json(200);
            assert_eq!(report["resultSets"].as_array().map(Vec::len), Some(2), "{report}");
        }
        "NightlySummary" => {
            desk.run("NightlySummary").await;
            let mut client = desk.sql_client().await;
            let rows = "SELECT COUNT(*) FROM dbo.NightlySummaries";
            eventually("the summary's row", async || (client.number(rows).await == 1).then_some(())).await;
        }
        "IngestOrder" => {
            desk.send("IngestOrder", r#"{"orderId":"CANARY-1","customer":"CANARY","amount":1.5}"#).await;
            let mut client = desk.sql_client().await;
            let rows = "SELECT COUNT(*) FROM dbo.IncomingOrders";
            eventually("the order's row", async || (client.number(rows).await == 1).then_some(())).await;
        }
        "PlaceOrder" => {
            let order = json!({ "customer": "CANARY", "amount": 1.5 });
            let placed = desk.post_with("/api/orders", &order, &[("idempotency-key", "CANARY-1")]).await;
            assert_eq!(placed.json(201)["Customer"], "CANARY");
        }
        other => panic!("the sample {other} has no call here; add one"),
    }
}

/// Packages the samples, starts the local host on that folder alone, and calls every one.
async fn every_sample_runs_from_its_package(mode: Mode, option: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("package");
    let arguments = ["--mode", option, "--output", output.to_str().unwrap()];
    let packaged = package_worker(Path::new(env!("CARGO_MANIFEST_DIR")), &arguments);
    assert_eq!(packaged.status.code(), Some(0), "{}", text(&packaged.stderr));

    let desk = Desk::builder().package(&output, mode).start().await;

    for sample in fs::read_dir(script_root::samples()).unwrap() {
        call(&desk, sample.unwrap().file_name().to_str().unwrap()).await;
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_host_given_the_packages_folder_alone_serves_every_sample() {
    every_sample_runs_from_its_package(Mode::Enveloped, "envelope").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_in_proxying_mode() {
    every_sample_runs_from_its_package(Mode::Proxying, "proxying").await;
}

#[test]
fn a_package_holds_the_worker_and_the_functions_and_nothing_that_stays_at_the_desk() {
    let root = script_root_with_droppings();

    let packaged = package(root.path(), &["--output", "out"]);

    assert_eq!(packaged.status.code(), Some(0), "{}", text(&packaged.stderr));
    let files = files(&root.path().join("out"));
    let modes: Vec<(&str, u32)> = files.iter().map(|(path, (_, mode))| (path.as_str(), *mode)).collect();
    assert_eq!(
        modes.iter().filter(|(path, _)| *path != ".azsql-worker-package").copied().collect::<Vec<_>>(),
        [
            (".funcignore", 0o644),
            ("Ping/function.json", 0o644),
            ("Ping/query.sql", 0o644),
            ("azsql-worker", 0o755),
            ("host.json", 0o644)
        ]
    );
    assert!(!files.values().any(|(content, _)| content.windows(6).any(|part| part == b"CANARY")));
    assert_eq!(text(&files["azsql-worker"].0), STAND_IN);
    let host_json: Json = serde_json::from_slice(&files["host.json"].0).unwrap();
    assert_eq!(
        host_json,
        json!({ "version": "2.0", "mine": { "kept": true },
                "customHandler": { "description": { "defaultExecutablePath": "azsql-worker", "arguments": ["serve"] } } })
    );
}

#[test]
fn a_package_takes_the_place_of_a_former_one_but_never_of_a_users_files() {
    let root = script_root_with_droppings();
    let out = root.path().join("out");
    assert_eq!(package(root.path(), &["--output", "out"]).status.code(), Some(0));
    fs::rename(root.path().join("Ping"), root.path().join("Pong")).unwrap();

    let again = package(root.path(), &["--output", "out", "--mode", "proxying"]);

    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert!(out.join("Pong/function.json").is_file() && !out.join("Ping").exists());
    let host_json: Json = serde_json::from_slice(&fs::read(out.join("host.json")).unwrap()).unwrap();
    assert_eq!(host_json["customHandler"]["enableProxyingHttpRequest"], true);

    fs::write(out.join("thesis.txt"), "mine").unwrap();
    let before = files(&out);
    let refused = package(root.path(), &["--output", "out"]);
    assert_eq!(refused.status.code(), Some(73));
    assert!(text(&refused.stderr).contains("holds thesis.txt, which no package of ours put there"));
    assert!(files(&out) == before, "something was touched");
}

#[test]
fn a_place_that_is_the_script_root_or_in_a_function_or_underfoot_is_refused() {
    let root = script_root_with_droppings();
    let empty = root.path().join("empty");
    fs::create_dir(&empty).unwrap();

    fs::write(root.path().join("stand-in"), STAND_IN).unwrap();
    let stand_in = root.path().join("stand-in");
    let binary = ["--binary", stand_in.to_str().unwrap(), "--output"];

    for (folder, arguments, sentence) in [
        (root.path(), vec!["."], "holds "),
        (root.path(), vec!["Ping/out"], "in the folder of the function Ping"),
        (&empty, vec![".", "--functions", ".."], "must not be the current folder"),
    ] {
        let refused = run(folder, &[&binary, arguments.as_slice()].concat());
        assert_eq!(refused.status.code(), Some(73), "{arguments:?}: {}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains(sentence), "{}", text(&refused.stderr));
    }
    assert!(!root.path().join("Ping/out").exists());
}

#[test]
fn what_check_refuses_is_not_packaged_and_told_in_the_same_lines() {
    let root = script_root_with_droppings();
    fs::write(root.path().join("Ping/query.sql"), "SELECT 1\nGO\n").unwrap();
    let mut check = Command::new(worker_program());
    let checked = check.arg("check").current_dir(root.path()).env_clear().output().unwrap();

    let refused = package(root.path(), &["--output", "out"]);
    let for_scripts = package(root.path(), &["--output", "out", "--json"]);

    assert_eq!(refused.status.code(), Some(65));
    assert_eq!(text(&refused.stdout), text(&checked.stdout));
    assert!(text(&refused.stdout).starts_with("Ping/query.sql:2: "), "{}", text(&refused.stdout));
    assert_eq!(for_scripts.status.code(), Some(65));
    let object: Json = serde_json::from_slice(&for_scripts.stdout).unwrap();
    assert_eq!(object["mistakes"][0]["file"], "Ping/query.sql");
    assert!(!root.path().join("out").exists());
}

#[test]
fn a_file_that_would_be_missing_in_the_package_is_found_before_it_is_written() {
    let root = script_root_with_droppings();
    fs::write(root.path().join("shared.txt"), "").unwrap();
    let definition = root.path().join("Ping/function.json");
    let text_before = fs::read_to_string(&definition).unwrap();
    fs::write(&definition, text_before.replacen('{', "{ \"scriptFile\": \"../shared.txt\",", 1)).unwrap();

    let refused = package(root.path(), &["--output", "out"]);

    assert_eq!(refused.status.code(), Some(65), "{}", text(&refused.stdout));
    assert!(
        text(&refused.stdout).starts_with("Ping/function.json:1: scriptFile: `../shared.txt` does not exist"),
        "{}",
        text(&refused.stdout)
    );
    let left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("out")), "{left:?}");
}

#[test]
fn a_script_gets_one_object_about_the_package() {
    let root = script_root_with_droppings();

    let packaged = package_worker(root.path(), &["--output", "out", "--json"]);

    let object: Json = serde_json::from_slice(&packaged.stdout).unwrap();
    assert_eq!(
        (&object["output"], &object["zip"], &object["mode"]),
        (&json!("out"), &Json::Null, &json!("envelope"))
    );
    assert_eq!(object["functions"], json!(["Ping"]));
    assert_eq!(object["files"].as_array().map(Vec::len), Some(5));
    assert!(object["binary"]["bytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000));
    assert_eq!(object["mistakes"], json!([]));
    // Tests run on the build with the local parts, unless told otherwise.
    if std::env::var_os("AZSQL_TEST_WORKER").is_none() {
        let warnings = object["binary"]["warnings"].to_string();
        assert!(warnings.contains("local parts"), "{warnings}");
    }
}

#[test]
fn a_program_that_linux_does_not_start_is_warned_of() {
    let root = script_root_with_droppings();
    fs::write(root.path().join("worker.exe"), "MZ").unwrap();

    let packaged = run(root.path(), &["--output", "out", "--binary", "worker.exe"]);
    let missing = run(root.path(), &["--output", "out", "--binary", "none"]);

    assert_eq!(packaged.status.code(), Some(0));
    assert!(text(&packaged.stderr).contains("no Linux program"), "{}", text(&packaged.stderr));
    assert_eq!(missing.status.code(), Some(66));
}

#[test]
fn outside_of_a_checkout_the_worker_has_to_be_named() {
    let root = script_root_with_droppings();

    let refused = run(root.path(), &["--output", "out"]);

    assert_eq!(refused.status.code(), Some(64));
    assert!(text(&refused.stderr).contains("name the worker with --binary"), "{}", text(&refused.stderr));
    assert!(!root.path().join("out").exists());
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn the_zip_holds_the_same_files_and_modes_as_an_independent_program_reads_it() {
    // Unpacks as a program on Linux does: with the modes that the zip has.
    const UNPACK: &str = "
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    for entry in archive.infolist():
        assert entry.create_system == 3, 'not made on unix'
        path = archive.extract(entry, sys.argv[2])
        os.chmod(path, (entry.external_attr >> 16) & 0o777)
";
    let root = script_root_with_droppings();
    let (zip, unpacked) = (root.path().join("out.zip"), root.path().join("unpacked"));
    let packaged = package(root.path(), &["--output", "out", "--zip", "out.zip"]);
    assert_eq!(packaged.status.code(), Some(0), "{}", text(&packaged.stderr));

    let python = Command::new("python3").args(["-c", UNPACK]).arg(&zip).arg(&unpacked).output();

    match python {
        Err(error) => eprintln!("skipped: python3 can't be started ({error})"),
        Ok(python) => {
            assert!(python.status.success(), "{}", text(&python.stderr));
            let mut expected = files(&root.path().join("out"));
            expected.remove(".azsql-worker-package");
            assert!(files(&unpacked) == expected, "the zip differs from the folder");
        }
    }
}
