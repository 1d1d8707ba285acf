//! The worker as a process of the host: start, readiness, console, end.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        rule: "The host calls http://127.0.0.1 on the port in FUNCTIONS_CUSTOMHANDLER_PORT, so the worker listens there, and ends with a code of its own when it can't.",
        source: "src/WebJobs.Script/Workers/Http/HttpWorkerProcess.cs",
        held_by: &[
            "tests/suite/worker_process.rs::a_port_that_is_taken_ends_the_process_with_a_sentence",
            "tests/suite/worker_process.rs::without_a_port_the_process_ends_with_a_sentence_and_a_code_that_is_not_0",
        ],
    },
    Rule {
        rule: "A crashed worker is started again on the same port, so the port must be free for the next process at once.",
        source: "src/WebJobs.Script/Workers/Http/HttpFunctionInvocationDispatcher.cs",
        held_by: &[
            "tests/suite/worker_process.rs::a_worker_that_is_started_again_listens_on_the_same_port",
            "tests/suite/process_life.rs::the_port_of_a_worker_that_was_killed_with_connections_open_and_just_closed_is_free_for_the_next",
            "local-azure/tests/host/worker_life.rs::a_crash_fails_the_request_and_the_next_one_waits_for_the_new_worker_on_the_same_port",
        ],
    },
    Rule {
        rule: "The host is not ready before GET / is answered, by whatever status, so it is answered at once and whatever else is wrong.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (IsWorkerReady)",
        held_by: &[
            "tests/suite/worker_process.rs::the_readiness_probe_is_answered_whatever_else_is_wrong",
            "tests/suite/routes.rs::the_readiness_probe_is_answered_also_where_a_route_is_the_root_itself",
            "local-azure/tests/host/worker_life.rs::a_worker_that_never_answers_the_probe_counts_as_crashed",
        ],
    },
    Rule {
        rule: "The host keeps connections open for later requests, so a connection that asks for nothing yet is told nothing.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (its HttpClient)",
        held_by: &["tests/suite/worker_process.rs::a_connection_that_asks_for_nothing_yet_is_told_nothing"],
    },
    Rule {
        rule: "Exit code 0 counts as success and nothing is started again, so the worker never ends with it.",
        source: "src/WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs (OnProcessExited)",
        held_by: &[
            "tests/suite/worker_process.rs::a_terminated_worker_does_not_look_like_a_success",
            "tests/suite/process_life.rs::each_signal_has_its_own_code_and_an_idle_connection_holds_nothing_up",
            "tests/suite/worker_process.rs::without_a_port_the_process_ends_with_a_sentence_and_a_code_that_is_not_0",
            "tests/suite/worker_process.rs::an_unknown_option_ends_the_process_with_usage_and_a_code_that_is_not_0",
            "local-azure/tests/host/quirks.rs::after_exit_code_0_nothing_is_started_and_after_another_it_is",
        ],
    },
    Rule {
        rule: "The third crash, each within half an hour of the last, stops the host, so nothing that one invocation does ends the process.",
        source: "src/WebJobs.Script/Workers/Http/HttpFunctionInvocationDispatcher.cs",
        held_by: &[
            "tests/suite/contract/any_request.rs::any_well_formed_request_is_answered_with_json_and_the_process_goes_on",
            "tests/suite/contract/any_request.rs::any_json_posted_to_any_function_is_answered_with_json_and_the_process_goes_on",
            "tests/suite/contract/any_request.rs::any_change_of_a_real_envelope_is_answered_with_json_and_the_process_goes_on",
            "tests/suite/panics.rs::a_panic_in_the_midst_of_rows_fails_one_command_and_its_connection_and_no_other",
            "local-azure/tests/host/worker_life.rs::the_third_crash_stops_the_host_with_the_last_three_stderr_lines",
        ],
    },
    Rule {
        rule: "The last lines on stderr are what the user sees of a failed start, so each is a sentence with the cure.",
        source: "src/WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs (OnProcessExited)",
        held_by: &[
            "tests/suite/worker_process.rs::a_port_that_is_taken_ends_the_process_with_a_sentence",
            "tests/suite/worker_process.rs::without_a_port_the_process_ends_with_a_sentence_and_a_code_that_is_not_0",
        ],
    },
    Rule {
        rule: "At functionTimeout the host kills the one process and all that runs in it, so each invocation ends itself before.",
        source: "src/WebJobs.Script/Workers/Http/HttpFunctionInvocationDispatcher.cs (RestartWorkerWithInvocationIdAsync)",
        held_by: &[
            "src/host/host_json/time_limits.rs::an_invocation_ends_before_the_host_kills_the_process",
            "tests/suite/deadlines.rs::in_the_default_mode_the_504_leaves_before_the_hosts_timeout",
            "tests/suite/deadlines.rs::in_forwarding_mode_the_504_leaves_before_the_hosts_timeout",
            "tests/suite/deadlines.rs::in_proxying_mode_the_504_leaves_before_the_hosts_timeout",
            "tests/suite/deadlines.rs::a_timer_that_hangs_fails_before_the_hosts_timeout",
            "tests/suite/deadlines.rs::a_body_that_does_not_come_is_a_408_before_the_hosts_timeout",
            "tests/suite/cancellation.rs::a_statement_that_outlasts_its_functions_timeout_is_a_504_and_ends_on_the_server",
            "local-azure/tests/host/worker_life.rs::a_function_timeout_kills_the_worker_and_everything_in_flight",
        ],
    },
    Rule {
        rule: "Azure's front end cuts an HTTP request at 230 seconds, whatever functionTimeout is, so an HTTP invocation ends before that.",
        source: "MicrosoftDocs/azure-docs: articles/azure-functions/functions-scale.md",
        held_by: &["src/host/host_json/time_limits.rs::an_http_invocation_ends_before_the_front_end_cuts_it"],
    },
    Rule {
        rule: "A variable AzureFunctionsJobHost__... goes before host.json, for the worker as for the host.",
        source: "src/WebJobs.Script/Config/HostJsonFileConfigurationSource.cs",
        held_by: &[
            "src/host/host_json/mod.rs::a_variable_wins_over_the_file",
            "src/settings.rs::an_override_of_host_json_is_found_in_any_case_and_with_either_separator",
            "tests/suite/forged_envelopes.rs::a_mode_that_is_set_in_another_spelling_is_the_workers_mode_too",
        ],
    },
    Rule {
        rule: "Console lines carry no invocation id of the host's, so the worker's own lines name function and id.",
        source: "src/WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs (BuildAndLogConsoleLog)",
        held_by: &[
            "tests/suite/retries.rs::a_try_is_logged_with_function_and_id_at_the_level_warn_too",
            "tests/suite/retries.rs::each_try_is_in_the_workers_log_with_its_number_error_and_wait",
        ],
    },
    Rule {
        rule: "Every console line goes to the app's log, which others may read, so no line holds a secret or a caller's value.",
        source: "src/WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs (OnOutputDataReceived)",
        held_by: &[
            "tests/suite/secrets_stay_inside.rs::no_value_is_written_when_everything_goes_wrong_at_once",
            "tests/suite/secrets_stay_inside.rs::the_check_reads_what_the_worker_writes_at_trace_level",
        ],
    },
    Rule {
        rule: "The host ends the worker with SIGKILL and no notice, so what was answered is done, and callers of the next process are served.",
        source: "src/WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs (Dispose)",
        held_by: &[
            "tests/suite/process_life.rs::a_kill_at_any_moment_loses_nothing_that_was_answered",
            "tests/suite/worker_process.rs::a_worker_that_is_killed_while_requests_run_is_started_again_and_serves",
            "local-azure/tests/host/worker_life.rs::a_worker_killed_from_outside_while_requests_run_is_replaced_and_the_next_requests_succeed",
        ],
    },
    Rule {
        rule: "No drain notice comes from the host; a signal from a terminal or container finishes what runs, within a bound.",
        source: "src/WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs (Dispose)",
        held_by: &[
            "tests/suite/process_life.rs::what_runs_at_the_signal_is_finished_and_nothing_new_begins",
            "tests/suite/process_life.rs::what_runs_for_too_long_is_cut_off_on_the_server_too_and_the_host_told",
            "tests/suite/process_life.rs::what_runs_for_too_long_is_cut_off_on_the_server_too_and_its_caller_told",
            "tests/suite/process_life.rs::a_second_signal_ends_it_at_once_with_the_code_of_that_signal",
        ],
    },
    Rule {
        rule: "A host that is killed leaves its worker behind with nobody at its console, which must not end or stop it in the middle of work.",
        source: "src/WebJobs.Script/Workers/ProcessManagement/WorkerProcess.cs (StartProcessAsync)",
        held_by: &["tests/suite/process_life.rs::a_worker_that_nobody_listens_to_goes_on"],
    },
    Rule {
        rule: "The host joins the worker's arguments with blanks and quotes none, so arguments that this tears apart are refused.",
        source: "src/WebJobs.Script/Workers/Http/Configuration/HttpWorkerOptionsSetup.cs",
        held_by: &["src/host/host_json/rules/tests.rs::arguments_that_the_host_would_tear_apart_are_refused"],
    },
    Rule {
        rule: "A worker that host.json doesn't lead to is never started, so such a host.json is refused before it is deployed.",
        source: "src/WebJobs.Script/Workers/Http/Configuration/HttpWorkerOptionsSetup.cs",
        held_by: &[
            "src/host/host_json/rules/tests.rs::a_worker_that_the_host_can_not_start_is_refused",
            "local-azure/tests/host/worker_life.rs::a_worker_that_does_not_exist_is_named",
        ],
    },
];
