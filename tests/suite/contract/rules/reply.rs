//! What the host makes of an answer to an envelope.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        rule: "An empty reply never completes its invocation, so there is none.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (ProcessDefaultInvocationRequest)",
        held_by: &[
            "tests/suite/contract/any_request.rs::any_well_formed_request_is_answered_with_json_and_the_process_goes_on",
            "tests/suite/contract/any_request.rs::any_json_posted_to_any_function_is_answered_with_json_and_the_process_goes_on",
            "local-azure/tests/host/quirks.rs::an_empty_or_null_reply_hangs_until_the_function_timeout",
        ],
    },
    Rule {
        rule: "A reply that is no JSON, or whose Content-Type doesn't say so, is a 500, so each is JSON and says so.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (GetHttpScriptInvocationResult)",
        held_by: &[
            "tests/suite/contract/any_request.rs::any_change_of_a_real_envelope_is_answered_with_json_and_the_process_goes_on",
            "local-azure/tests/host/quirks.rs::a_reply_of_another_content_type_is_a_500",
            "local-azure/tests/host/reply.rs::whatever_is_no_valid_reply_is_an_empty_500",
        ],
    },
    Rule {
        rule: "A redirect is followed, so no reply is one.",
        source: "dotnet/runtime: src/libraries/System.Net.Http/src/System/Net/Http/SocketsHttpHandler/RedirectHandler.cs",
        held_by: &[
            "tests/suite/contract/any_request.rs::any_well_formed_request_is_answered_with_json_and_the_process_goes_on",
            "local-azure/tests/host/quirks.rs::a_redirect_in_reply_to_an_envelope_is_followed",
        ],
    },
    Rule {
        rule: "A reply other than 2xx fails the invocation and gives an HTTP caller an empty 500, so a caller's problem goes through a 200.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (EnsureSuccessStatusCode)",
        held_by: &[
            "tests/suite/samples.rs::an_unknown_person_is_a_404_problem",
            "tests/suite/bad_input.rs::broken_json_is_a_400_with_its_place",
            "tests/suite/bad_input.rs::without_a_connection_string_the_answer_names_the_setting",
        ],
    },
    Rule {
        rule: "Without a caller, only a reply other than 2xx makes the host repeat or count the failure.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (EnsureSuccessStatusCode)",
        held_by: &[
            "tests/suite/timers.rs::a_timer_that_fails_is_a_failed_run_for_the_host_and_fires_again",
            "tests/suite/messages.rs::a_failed_message_is_delivered_again_and_the_host_says_how_often",
            "tests/suite/messages.rs::a_message_that_never_fits_ends_among_the_poisoned",
            "src/host/reply.rs::a_failure_without_a_caller_is_not_a_2xx_and_has_a_body",
        ],
    },
    Rule {
        rule: "Body, Outputs and Logs of a failed invocation are thrown away, so its reason goes to stderr.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (ProcessDefaultInvocationRequest)",
        held_by: &[
            "tests/suite/messages.rs::a_message_that_does_not_fit_is_a_failed_run_with_the_reason_on_stderr",
            "tests/suite/messages.rs::the_words_of_the_database_and_of_a_throw_stay_off_stderr",
            "local-azure/tests/host/quirks.rs::a_reply_that_is_not_2xx_is_thrown_away_with_its_logs_and_outputs",
        ],
    },
    Rule {
        rule: "The http output is an object under the binding's own name, with the status as statusCode.",
        source: "src/WebJobs.Script/Workers/Http/HttpScriptInvocationResultExtensions.cs (GetHttpOutputBindingResponse)",
        held_by: &[
            "src/host/reply.rs::the_http_body_is_a_string_under_the_bindings_own_name",
            "tests/suite/samples.rs::a_new_person_is_a_201_with_the_row_and_can_be_read_again",
            "local-azure/tests/host/quirks.rs::names_inside_outputs_depend_on_case",
            "local-azure/tests/host/quirks.rs::status_alone_is_ignored",
            "local-azure/tests/host/quirks.rs::an_http_output_that_is_no_object_is_a_500",
        ],
    },
    Rule {
        rule: "An output called $return goes into ReturnValue.",
        source: "src/WebJobs.Script/Workers/Http/HttpScriptInvocationResultExtensions.cs (ToScriptInvocationResult)",
        held_by: &[
            "src/host/reply.rs::the_return_binding_answers_through_return_value",
            "tests/suite/outputs.rs::a_message_function_sends_through_its_return_value",
        ],
    },
    Rule {
        rule: "A null among the http output's headers is a 500 and an array becomes JSON text, so each value is one string.",
        source: "src/WebJobs.Script/Binding/Http/ScriptObjectResult.cs",
        held_by: &[
            "src/host/reply.rs::the_http_body_is_a_string_under_the_bindings_own_name",
            "local-azure/tests/host/quirks.rs::a_null_header_is_a_500",
            "local-azure/tests/host/quirks.rs::a_header_array_becomes_json_text",
        ],
    },
    Rule {
        rule: "An object as http body is written anew, with doubles for decimals, so the body is a string that is JSON already.",
        source: "src/WebJobs.Script/Binding/Http/ScriptObjectResult.cs",
        held_by: &[
            "src/host/reply.rs::the_http_body_is_a_string_under_the_bindings_own_name",
            "tests/suite/samples.rs::a_decimal_comes_with_all_its_digits_and_null_as_null",
            "local-azure/tests/host/reply.rs::a_string_is_plain_text_and_an_object_is_indented_json_unless_the_header_says_else",
        ],
    },
    Rule {
        rule: "A string for another output is decoded when it looks like base64, so text reaches its output as itself by another form.",
        source: "src/WebJobs.Script/Workers/Http/HttpScriptInvocationResultExtensions.cs (GetBindingValue)",
        held_by: &[
            "tests/suite/outputs.rs::text_that_looks_like_base64_reaches_queue_and_blob_as_itself",
            "src/host/outputs.rs::any_text_reaches_a_blob_as_it_is",
            "local-azure/tests/host/quirks.rs::an_output_that_looks_like_base64_is_decoded_unless_it_is_binary",
        ],
    },
    Rule {
        rule: "Messages are elements of an array, and numbers in them keep their digits.",
        source: "src/WebJobs.Script/Binding/FunctionBinding.cs",
        held_by: &[
            "src/host/outputs.rs::a_message_is_an_element_of_an_array_with_its_own_text",
            "tests/suite/outputs.rs::a_row_is_answered_and_queued_with_all_its_digits",
            "tests/suite/outputs.rs::rows_of_a_timer_are_queued_one_by_one",
        ],
    },
    Rule {
        rule: "Logs are strings, logged at one level in the function's scope, so a line begins with its level.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (ProcessLogsFromHttpResponse)",
        held_by: &[
            "tests/suite/retries.rs::each_try_is_in_the_hosts_log_of_the_function",
            "local-azure/tests/host/quirks.rs::a_log_entry_that_is_no_string_fails_the_whole_reply",
            "local-azure/tests/host/reply.rs::logs_of_the_reply_are_printed_before_the_end_of_the_run",
        ],
    },
];
