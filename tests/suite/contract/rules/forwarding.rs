//! Forwarding and proxying mode: callers' own requests.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        rule: "The modes are switched for the whole app, by host.json or a variable, and proxying wins.",
        source: "src/WebJobs.Script/Workers/Http/Configuration/HttpWorkerOptionsSetup.cs",
        held_by: &[
            "src/host/host_json/mod.rs::the_mode_and_the_prefix_are_the_hosts",
            "src/host/host_json/mod.rs::a_variable_wins_over_the_file",
            "local-azure/tests/host/proxying.rs::proxying_wins_over_forwarding_and_either_is_switched_by_a_variable",
        ],
    },
    Rule {
        rule: "Only a function with exactly one httpTrigger and one http output is forwarded; any other still gets its envelope.",
        source: "src/WebJobs.Script/Extensions/FunctionMetadataExtensions.cs (IsHttpInAndOutFunction)",
        held_by: &[
            "src/functions/definition/forwarded.rs::one_http_trigger_and_one_http_output_are_forwarded_and_nothing_else",
            "local-azure/tests/host/forwarding.rs::only_one_trigger_and_one_http_output_are_forwarded",
        ],
    },
    Rule {
        rule: "The request comes with its own path, prefix and all, so the worker finds the function that the host found, or nobody.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (GetPathValue)",
        held_by: &[
            "tests/suite/routes.rs::the_worker_finds_the_function_that_the_host_finds_or_nobody",
            "tests/suite/routes.rs::values_of_a_route_reach_the_command_alike_in_each_mode",
            "tests/suite/routes.rs::where_the_hosts_order_and_the_exact_route_disagree_nobody_is_called",
        ],
    },
    Rule {
        rule: "A path is passed on decoded and encoded again, so what the caller encoded arrives in value.",
        source: "microsoft/reverse-proxy: src/ReverseProxy/Forwarder/RequestUtilities.cs (MakeDestinationAddress)",
        held_by: &[
            "src/functions/route/path.rs::what_the_host_encoded_is_decoded_and_nothing_else",
            "src/functions/route/path.rs::a_text_that_the_host_encoded_comes_back",
            "local-azure/tests/host/proxying.rs::an_oddly_encoded_path_is_decoded_and_encoded_again_as_yarp_does",
        ],
    },
    Rule {
        rule: "Query, headers and body read as they would from an envelope.",
        source: "src/WebJobs.Script/Extensions/HttpRequestExtensions.cs (ToHttpRequestMessage)",
        held_by: &[
            "src/host/forwarded.rs::a_request_reads_as_its_envelope_would",
            "tests/suite/routes.rs::query_and_headers_reach_the_command_alike_in_each_mode",
            "tests/suite/routes.rs::a_text_body_that_is_no_utf_8_is_a_400_and_bytes_are_taken",
        ],
    },
    Rule {
        rule: "The function key is passed on, in the query and in x-functions-key, so it is left out.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (ProcessHttpInAndOutInvocationRequest)",
        held_by: &[
            "src/host/query.rs::the_function_key_is_left_out",
            "tests/suite/routes.rs::the_function_key_is_no_query_value",
        ],
    },
    Rule {
        rule: "Status, headers and body go to the caller as they are, problems too.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (ProcessHttpInAndOutInvocationRequest)",
        held_by: &[
            "tests/suite/routes.rs::an_answer_and_a_problem_go_to_the_caller_as_they_are",
            "tests/suite/process_life.rs::what_runs_for_too_long_is_cut_off_on_the_server_too_and_its_caller_told",
        ],
    },
    Rule {
        rule: "HEAD and OPTIONS reach the worker like any method.",
        source: "azure-webjobs-sdk-extensions: src/WebJobs.Extensions.Http/Routing/WebJobsRouteBuilder.cs",
        held_by: &[
            "tests/suite/routes.rs::head_has_the_length_and_no_body_and_options_is_a_method_like_any_other",
            "local-azure/tests/host/forwarding.rs::head_keeps_the_length_and_options_reaches_the_worker",
        ],
    },
    Rule {
        rule: "Any request is answered in this mode too, and the process goes on.",
        source: "src/WebJobs.Script/Http/DefaultHttpProxyService.cs",
        held_by: &[
            "tests/suite/contract/any_request.rs::in_proxying_mode_too_any_well_formed_request_is_answered_with_json",
        ],
    },
    Rule {
        rule: "With a catch-all route, a caller reaches /TimerFunction on the worker, so an envelope is taken only where no route leads (host issue 6251).",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (GetPathValue)",
        held_by: &[
            "tests/suite/forged_envelopes.rs::in_forwarding_mode_a_route_that_covers_the_timers_path_keeps_it_from_running",
            "tests/suite/forged_envelopes.rs::in_proxying_mode_a_route_that_covers_the_timers_path_keeps_it_from_running",
            "tests/suite/forged_envelopes.rs::in_forwarding_mode_only_the_hosts_own_request_runs_the_timer",
            "tests/suite/forged_envelopes.rs::in_proxying_mode_only_the_hosts_own_request_runs_the_timer",
            "tests/suite/forged_envelopes.rs::a_function_with_a_route_takes_no_envelope",
            "tests/suite/forged_envelopes.rs::a_wrong_definition_covers_what_its_route_covers",
            "tests/suite/forged_envelopes.rs::in_proxying_mode_a_catch_all_below_a_prefix_leaves_timers_alone",
            "local-azure/tests/host/forwarding.rs::with_a_catch_all_an_outside_caller_reaches_the_path_of_a_timer",
        ],
    },
    Rule {
        rule: "Forwarding mode rewrites a path after it has matched it: System.Uri turns backslashes and takes dot segments out, so one parameter that takes any text reaches every path.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (GetPathValue)",
        held_by: &[
            "tests/suite/forged_envelopes.rs::in_forwarding_mode_a_parameter_that_takes_any_text_below_a_prefix_keeps_timers_from_running",
            "tests/suite/forged_envelopes.rs::in_forwarding_mode_routes_without_such_a_parameter_leave_timers_alone",
        ],
    },
    Rule {
        rule: "A function that can't be told from a caller's path says so, instead of running or hanging.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (GetPathValue)",
        held_by: &[
            "tests/suite/forged_envelopes.rs::a_timer_that_can_not_run_safely_says_why_and_what_to_do",
        ],
    },
    Rule {
        rule: "A caller who leaves is noticed in proxying mode, and its statement ends on the server.",
        source: "src/WebJobs.Script/Http/DefaultHttpProxyService.cs",
        held_by: &[
            "tests/suite/deadlines.rs::in_proxying_mode_a_caller_who_leaves_through_the_host_ends_his_statement",
            "tests/suite/cancellation.rs::a_caller_that_closes_ends_its_statement_on_the_server",
            "tests/suite/cancellation.rs::a_caller_that_is_killed_ends_its_statement_on_the_server",
            "local-azure/tests/host/proxying.rs::a_caller_who_leaves_before_the_answer_is_noticed_by_the_worker",
        ],
    },
];
