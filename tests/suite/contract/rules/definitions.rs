//! Functions as the host finds and reads them.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        rule: "Functions are the folders below the script root that hold a function.json; their names have no case.",
        source: "src/WebJobs.Script/Host/HostFunctionMetadataProvider.cs",
        held_by: &[
            "tests/suite/check_command.rs::a_folder_without_functions_or_none_at_all_is_told",
            "tests/suite/check_command.rs::two_folders_that_differ_in_case_alone_are_refused",
        ],
    },
    Rule {
        rule: "The host ignores keys that it doesn't know, so one file describes a function to both.",
        source: "src/WebJobs.Script/Host/HostFunctionMetadataProvider.cs (ParseFunctionMetadata)",
        held_by: &[
            "src/functions/tests/samples.rs::every_sample_is_valid",
            "tests/suite/samples.rs::a_person_comes_with_all_columns_and_types",
        ],
    },
    Rule {
        rule: "A function has one trigger.",
        source: "src/WebJobs.Script/Description/FunctionDescriptorProvider.cs",
        held_by: &["src/functions/tests/definitions.rs::bindings_are_those_of_a_function"],
    },
    Rule {
        rule: "A binding's name is a letter with letters and digits after it, 128 at most, or $return; any other fails its function.",
        source: "src/WebJobs.Script/Description/FunctionDescriptorProvider.cs (BindingNameValidationRegex)",
        held_by: &["src/functions/tests/definitions.rs::bindings_are_those_of_a_function"],
    },
    Rule {
        rule: "A wrong function fails alone.",
        source: "src/WebJobs.Script/Host/ScriptHost.cs (GetFunctionDescriptorsAsync)",
        held_by: &[
            "src/functions/tests/definitions.rs::one_wrong_definition_fails_no_other_function",
            "tests/suite/bad_input.rs::a_definition_with_a_typo_names_file_key_and_cure_and_fails_no_other_function",
            "local-azure/tests/host/discovery.rs::a_wrong_function_fails_alone_with_a_reason",
        ],
    },
    Rule {
        rule: "A binding of an unknown type fails its function, and most types need the extension bundle.",
        source: "src/WebJobs.Script/Host/ScriptHost.cs; src/WebJobs.Script/ExtensionBundle/ExtensionBundleManager.cs",
        held_by: &[
            "src/functions/tests/message_definitions.rs::an_unknown_trigger_is_told_with_the_nearest_one",
            "tests/suite/check_command.rs::a_trigger_that_is_not_built_in_needs_the_extension_bundle",
        ],
    },
    Rule {
        rule: "Routes are ASP.NET templates with its constraints; what doesn't fit is a 404.",
        source: "dotnet/aspnetcore: src/Http/Routing/src/Patterns/RoutePatternParser.cs",
        held_by: &[
            "src/functions/route/tests.rs::constraints_take_what_dotnet_takes",
            "src/functions/route/tests.rs::a_wrong_template_is_refused_with_a_sentence",
            "src/functions/route/tests.rs::any_text_is_read_or_refused_and_matched_without_a_panic",
            "local-azure/tests/host/routing.rs::methods_and_constraints_decide_and_what_does_not_fit_is_a_404",
        ],
    },
    Rule {
        rule: "What .NET may see in a constraint and we may not calls nobody, unless one route alone can be meant.",
        source: "dotnet/aspnetcore: src/Http/Routing/src/Constraints/RegexRouteConstraint.cs",
        held_by: &[
            "src/functions/route/table.rs::where_dotnet_may_see_a_constraint_otherwise_nobody_is_called_unless_one_route_alone_fits",
            "src/functions/route/table.rs::names_in_any_script_are_told_from_numbers",
        ],
    },
    Rule {
        rule: "A method that the function doesn't name is a 404 as well.",
        source: "azure-webjobs-sdk-extensions: src/WebJobs.Extensions.Http/Routing/WebJobsRouteBuilder.cs",
        held_by: &[
            "tests/suite/routes.rs::a_method_that_the_function_has_not_is_a_404",
            "src/functions/route/table.rs::a_method_that_no_route_has_finds_nothing",
        ],
    },
    Rule {
        rule: "The route prefix is api unless host.json says else, and may be empty.",
        source: "azure-webjobs-sdk-extensions: src/WebJobs.Extensions.Http/Config/HttpOptions.cs",
        held_by: &[
            "src/functions/route/tests.rs::a_prefix_is_joined_as_the_host_joins_it",
            "src/host/host_json/mod.rs::the_mode_and_the_prefix_are_the_hosts",
        ],
    },
    Rule {
        rule: "Two functions on one route are both loaded and one is never called, so check refuses them.",
        source: "azure-webjobs-sdk-extensions: src/WebJobs.Extensions.Http/Routing/WebJobsRouteBuilder.cs",
        held_by: &[
            "tests/suite/check_command.rs::two_functions_on_one_route_are_refused_where_their_methods_meet",
        ],
    },
    Rule {
        rule: "The host's retry works for timers, Event Hubs, Kafka and Cosmos DB alone; where it has no effect, that is told.",
        source: "src/WebJobs.Script/Description/FunctionDescriptorProvider.cs (retry attributes)",
        held_by: &["src/functions/tests/message_definitions.rs::a_retry_without_effect_is_told"],
    },
    Rule {
        rule: "Event Hubs moves its checkpoint on after a failure, so a function without retry loses events and is refused.",
        source: "azure-sdk-for-net: EventHubListener.PartitionProcessor.cs",
        held_by: &[
            "src/functions/tests/message_definitions.rs::an_event_hub_needs_the_hosts_retry",
            "tests/suite/messages.rs::a_failed_event_is_repeated_by_the_hosts_retry",
            "local-azure/tests/host/messages.rs::a_failed_event_of_a_hub_is_gone_unless_a_retry_policy_repeats_it",
        ],
    },
    Rule {
        rule: "Times in host.json and retry have the host's form.",
        source: "src/WebJobs.Script/Config/ScriptJobHostOptionsSetup.cs",
        held_by: &[
            "src/invocation/time_span.rs::any_other_form_is_refused",
            "src/host/host_json/rules/tests.rs::times_are_of_the_hosts_form_and_within_the_shortest_plan",
        ],
    },
    Rule {
        rule: "A queue's message can come again, so an effect that must happen once takes the host's own id as its key.",
        source: "azure-webjobs-sdk: QueueProcessor.cs",
        held_by: &["tests/suite/messages.rs::an_order_is_taken_once_however_often_it_comes"],
    },
    Rule {
        rule: "The deployed folder holds host.json, the functions and the program with its execute bit, and the host serves from it alone.",
        source: "src/WebJobs.Script/Workers/Http/HttpWorkerProcess.cs (AssignUserExecutePermissionsIfNotExists)",
        held_by: &[
            "tests/suite/package_command.rs::a_package_holds_the_worker_and_the_functions_and_nothing_that_stays_at_the_desk",
            "tests/suite/package_command.rs::the_local_host_given_the_packages_folder_alone_serves_every_sample",
            "tests/suite/package_command.rs::the_zip_holds_the_same_files_and_modes_as_an_independent_program_reads_it",
        ],
    },
];
