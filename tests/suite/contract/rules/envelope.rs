//! The invocation as the host posts it in its default mode.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        rule: "An invocation is a POST to /{FunctionName}, which the host matches without case; nothing else is one.",
        source: "src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs (ProcessDefaultInvocationRequest)",
        held_by: &[
            "tests/suite/bad_input.rs::a_function_is_found_whatever_the_case_of_its_name",
            "tests/suite/bad_input.rs::an_unknown_function_is_a_404_that_names_the_known_ones",
            "tests/suite/bad_input.rs::other_paths_and_methods_say_what_the_worker_is",
        ],
    },
    Rule {
        rule: "The body comes in chunks, and from other hosts with its length, so both are read.",
        source: "src/WebJobs.Script/Extensions/HttpRequestExtensions.cs; src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs",
        held_by: &[
            "tests/suite/contract/any_request.rs::any_change_of_a_real_envelope_is_answered_with_json_and_the_process_goes_on",
            "tests/suite/contract/captures/mod.rs::captures_of_http_calls_reach_the_command_in_value",
            "local-azure/tests/host/envelope.rs::a_request_arrives_as_a_chunked_post_to_the_functions_name",
        ],
    },
    Rule {
        rule: "The body is an object with Data; anything else is refused with its place and none of its content.",
        source: "src/WebJobs.Script/Workers/Http/HttpScriptInvocationContext.cs",
        held_by: &[
            "tests/suite/bad_input.rs::broken_json_is_a_400_with_its_place",
            "tests/suite/bad_input.rs::bytes_that_are_no_text_are_a_400",
            "tests/suite/bad_input.rs::an_envelope_of_another_form_is_a_400_that_says_what_is_missing",
            "src/host/envelope/tests.rs::an_error_holds_a_position_or_a_name_and_nothing_of_the_content",
        ],
    },
    Rule {
        rule: "The trigger's data stands under the trigger's name, so an envelope for another trigger is refused.",
        source: "src/WebJobs.Script.Grpc/MessageExtensions/ScriptInvocationContextExtensions.cs",
        held_by: &[
            "tests/suite/messages.rs::an_envelope_for_another_trigger_is_refused",
            "tests/suite/bad_input.rs::a_timers_bad_envelope_is_a_failed_run",
        ],
    },
    Rule {
        rule: "What real hosts posted arrives in value, whichever trigger it is of.",
        source: "src/WebJobs.Script.Grpc/MessageExtensions/ScriptInvocationContextExtensions.cs",
        held_by: &[
            "tests/suite/contract/captures/mod.rs::captures_of_http_calls_reach_the_command_in_value",
            "tests/suite/contract/captures/mod.rs::captures_of_timers_reach_the_command_in_value",
            "tests/suite/contract/captures/mod.rs::captures_of_messages_reach_the_command_in_value",
            "tests/suite/contract/captures/mod.rs::every_capture_is_checked",
        ],
    },
    Rule {
        rule: "Url and Query hold the function key (`code`), so it is neither logged nor a value.",
        source: "src/WebJobs.Script/Extensions/HttpRequestExtensions.cs (GetRequestAsJObject)",
        held_by: &[
            "tests/suite/routes.rs::the_function_key_is_no_query_value",
            "tests/suite/secrets_stay_inside.rs::no_value_is_written_when_everything_goes_wrong_at_once",
        ],
    },
    Rule {
        rule: "Query is an object, at hosts before September 2020 a JSON string; a repeated key's values are joined with commas.",
        source: "src/WebJobs.Script/Extensions/HttpRequestExtensions.cs (GetRequestAsJObject)",
        held_by: &[
            "src/host/envelope/tests.rs::query_is_read_as_an_object_and_as_the_old_string",
            "src/host/envelope/tests.rs::repeated_query_keys_arrive_joined_and_stay_so",
            "tests/suite/contract/captures/mod.rs::captures_of_http_calls_reach_the_command_in_value",
        ],
    },
    Rule {
        rule: "Headers is an object of arrays, found without case.",
        source: "src/WebJobs.Script/Extensions/HttpRequestExtensions.cs (GetRequestAsJObject)",
        held_by: &["src/host/envelope/tests.rs::header_arrays_are_joined_under_lower_case_names"],
    },
    Rule {
        rule: "Params holds route values; an optional one that is unused is null, and without any the key can be absent.",
        source: "src/WebJobs.Script/Extensions/HttpRequestExtensions.cs (GetRequestAsJObject)",
        held_by: &["src/host/envelope/tests.rs::an_absent_optional_route_value_has_no_entry"],
    },
    Rule {
        rule: "Body is absent when it is empty, else the text as a JSON string, JSON too.",
        source: "src/WebJobs.Script/Extensions/HttpRequestExtensions.cs (GetRequestAsJObject)",
        held_by: &[
            "src/host/envelope/tests.rs::an_absent_body_is_none_and_a_text_body_is_kept_as_it_is",
            "tests/suite/invalid_parameters.rs::no_body_at_all_misses_its_required_properties",
            "local-azure/tests/host/envelope.rs::there_is_no_body_when_it_is_empty_or_came_in_chunks_and_no_params_without_route_values",
        ],
    },
    Rule {
        rule: "Body is base64 when the content type is application/octet-stream or a multipart one, and only then.",
        source: "src/WebJobs.Script/Utility.cs (IsMediaTypeOctetOrMultipart)",
        held_by: &[
            "src/host/envelope/tests.rs::a_body_of_bytes_comes_as_base64",
            "local-azure/tests/host/envelope.rs::a_binary_body_is_base64_and_any_other_is_text",
        ],
    },
    Rule {
        rule: "A text comes as JSON text in a string, so the message hello is \"\\\"hello\\\"\", and that is undone once.",
        source: "src/WebJobs.Script.Grpc/MessageExtensions/ScriptInvocationContextExtensions.cs (GetHttpScriptInvocationContextValue)",
        held_by: &[
            "src/host/envelope/tests.rs::text_is_a_json_string_in_a_string_and_an_undecodable_string_is_its_own_text",
            "tests/suite/messages.rs::a_message_of_text_arrives_as_it_was_sent",
        ],
    },
    Rule {
        rule: "An object nests or comes as its text, and either way the payload is the text that was sent.",
        source: "src/WebJobs.Script.Grpc/MessageExtensions/ScriptInvocationContextExtensions.cs (GetHttpScriptInvocationContextValue)",
        held_by: &[
            "src/host/envelope/tests.rs::a_json_payload_keeps_its_own_text",
            "tests/suite/messages.rs::properties_and_the_whole_of_a_json_message_are_taken_whatever_the_service",
        ],
    },
    Rule {
        rule: "Bytes come as base64 where the binding's dataType is binary, and text that looks like base64 stays text elsewhere.",
        source: "src/WebJobs.Script.Grpc/MessageExtensions/ScriptInvocationContextExtensions.cs (GetHttpScriptInvocationContextValue)",
        held_by: &[
            "src/host/envelope/tests.rs::bytes_are_base64_where_the_binding_says_binary_whatever_they_look_like",
            "tests/suite/messages.rs::a_blob_of_bytes_arrives_byte_for_byte",
        ],
    },
    Rule {
        rule: "A batch is one array, its metadata beside it in arrays.",
        source: "azure-sdk-for-net: EventHubTriggerBindingStrategy.cs",
        held_by: &[
            "src/host/envelope/tests.rs::the_messages_of_a_batch_stand_in_one_array_as_what_they_are",
            "tests/suite/messages.rs::a_batch_is_one_array_for_openjson",
        ],
    },
    Rule {
        rule: "A timer's data is Schedule, ScheduleStatus (null at first, year 1 for never) and IsPastDue.",
        source: "azure-webjobs-sdk-extensions: src/WebJobs.Extensions/Extensions/Timers/Scheduling/ScheduleStatus.cs",
        held_by: &[
            "tests/suite/contract/captures/mod.rs::captures_of_timers_reach_the_command_in_value",
            "src/host/envelope/tests.rs::a_timer_nests_as_an_object_or_comes_as_its_text",
            "tests/suite/timers.rs::a_timer_fires_each_second_and_writes",
        ],
    },
    Rule {
        rule: "Values in Metadata are JSON text in strings, numbers too; their names have no case.",
        source: "src/WebJobs.Script.Grpc/MessageExtensions/ScriptInvocationContextExtensions.cs (ToHttpScriptInvocationContext)",
        held_by: &[
            "src/host/envelope/tests.rs::metadata_is_decoded_and_found_in_any_case",
            "src/functions/tests/messages.rs::the_hosts_metadata_is_converted_leniently_for_it_is_the_hosts",
        ],
    },
    Rule {
        rule: "A JSON payload's own properties lie over the host's metadata, so metadata that the payload may have forged is refused.",
        source: "src/WebJobs.Script/Description/Workers/WorkerFunctionInvoker.cs; src/WebJobs.Script/Utility.cs (ApplyBindingData)",
        held_by: &[
            "tests/suite/messages.rs::a_message_cant_forge_the_hosts_metadata",
            "src/functions/tests/messages.rs::metadata_that_the_message_may_have_forged_is_refused",
            "src/functions/tests/message_definitions.rs::only_metadata_that_the_host_owns_is_taken",
            "src/invocation/message.rs::an_object_hides_the_names_of_its_top_level_in_any_case",
            "local-azure/tests/host/quirks.rs::a_payload_is_laid_over_the_metadata",
        ],
    },
    Rule {
        rule: "A run that the host's retry policy repeats says so in RetryContext.",
        source: "src/WebJobs.Script.Grpc/MessageExtensions/ScriptInvocationContextExtensions.cs; azure-webjobs-sdk: RetryContext.cs",
        held_by: &[
            "src/functions/tests/messages.rs::a_timer_tells_the_hosts_retries",
            "local-azure/tests/host/timers.rs::a_failed_run_is_repeated_by_the_retry_policy_with_its_context",
        ],
    },
    Rule {
        rule: "The host takes bodies of up to 100 MiB, so the worker takes large ones in bounded memory.",
        source: "src/WebJobs.Script.WebHost/Program.cs (MaxRequestBodySize)",
        held_by: &[
            "tests/suite/body_limits.rs::with_the_setting_at_100_a_body_of_100_mebibytes_is_taken",
            "tests/suite/body_limits.rs::a_body_of_many_small_values_takes_little_more_memory_than_its_text",
            "tests/suite/body_limits.rs::a_body_above_the_limit_is_a_413_for_the_caller_in_each_mode",
            "tests/suite/body_limits.rs::a_timers_envelope_above_the_limit_is_a_failed_run",
            "tests/suite/body_limits.rs::a_stream_without_end_is_refused_and_takes_no_memory",
            "tests/suite/body_limits.rs::bodies_that_take_all_the_memory_together_make_the_next_a_503_and_hold_nobody_up",
            "local-azure/tests/host/proxying.rs::a_body_above_100_mib_is_refused_when_it_is_announced_and_cut_off_when_it_is_not",
            "src/host/server/bodies.rs::memory_is_taken_up_to_the_limit_and_given_back",
            "tests/suite/bad_input.rs::a_body_of_a_mebibyte_is_taken_and_a_value_of_that_length_refused_by_its_rule",
        ],
    },
];
