//! One function, read from its function.json.

use std::path::Path;

use serde_json::{Map, Value};

use super::binding::{HttpTrigger, MessageSource, OutputBinding, ServiceTrigger, TimerTrigger, Trigger};
use super::retry::RetryPolicy;
use crate::functions::routes::RouteTemplate;
use crate::functions::settings::{AppSettings, HostConfiguration};
use crate::functions::timers::Schedule;

/// Triggers and outputs that the extension bundle knows. An unknown one fails its function, as a missing extension does.
const KNOWN_TRIGGERS: [&str; 21] = [
    "httpTrigger",
    "timerTrigger",
    "queueTrigger",
    "serviceBusTrigger",
    "eventHubTrigger",
    "eventGridTrigger",
    "blobTrigger",
    "cosmosDBTrigger",
    "sqlTrigger",
    "mysqlTrigger",
    "kafkaTrigger",
    "rabbitMQTrigger",
    "redisPubSubTrigger",
    "redisListTrigger",
    "redisStreamTrigger",
    "signalRTrigger",
    "webPubSubTrigger",
    "warmupTrigger",
    "orchestrationTrigger",
    "activityTrigger",
    "entityTrigger",
];
const KNOWN_OUTPUTS: [&str; 17] = [
    "http",
    "queue",
    "serviceBus",
    "eventHub",
    "eventGrid",
    "blob",
    "table",
    "cosmosDB",
    "sql",
    "mysql",
    "redis",
    "kafka",
    "rabbitMQ",
    "signalR",
    "webPubSub",
    "sendGrid",
    "twilioSms",
];

/// A function that can run.
#[derive(Clone, Debug)]
pub(in crate::functions) struct FunctionDefinition {
    /// The folder's name, which is its path on the worker.
    pub(in crate::functions) name: String,
    /// The trigger binding's name, which is its key in `Data`.
    pub(in crate::functions) trigger_name: String,
    /// The trigger binding's type as written.
    pub(in crate::functions) trigger_kind: String,
    pub(in crate::functions) trigger: Trigger,
    pub(in crate::functions) outputs: Vec<OutputBinding>,
    pub(in crate::functions) retry: Option<RetryPolicy>,
    pub(in crate::functions) disabled: bool,
    /// The whole function.json, for the admin endpoint.
    pub(in crate::functions) config: Value,
}

impl FunctionDefinition {
    /// Reads a function's JSON.
    ///
    /// # Errors
    /// A sentence that names the key and the cure.
    pub(super) fn from_json(
        name: &str,
        folder: &Path,
        config: Value,
        host: &HostConfiguration,
        settings: &AppSettings,
    ) -> Result<Self, String> {
        let top = config.as_object().ok_or("function.json must hold an object")?;
        let bindings = top.get("bindings").and_then(Value::as_array).filter(|bindings| !bindings.is_empty());
        let bindings =
            bindings.ok_or("No bindings are defined: the key \"bindings\" needs at least a trigger")?;
        if let Some(file) = top.get("scriptFile").and_then(Value::as_str)
            && !folder.join(file).is_file()
        {
            return Err(format!(
                "Invalid script file name configuration: the file '{file}' of the key \"scriptFile\" does not exist"
            ));
        }
        let mut trigger: Option<(String, String, Trigger)> = None;
        let mut outputs = Vec::new();
        for binding in bindings {
            let binding = Binding::read(binding)?;
            match binding.role()? {
                Role::Trigger => {
                    if trigger.is_some() {
                        return Err("Multiple trigger bindings defined: a function can only have a single trigger binding".to_owned());
                    }
                    trigger = Some((
                        binding.name()?,
                        binding.kind.to_owned(),
                        binding.trigger(name, host, settings)?,
                    ));
                }
                Role::Output => outputs.push(OutputBinding {
                    name: binding.name()?,
                    kind: binding.kind.to_owned(),
                    binary: binding.text("dataType").is_some_and(|kind| kind.eq_ignore_ascii_case("binary")),
                }),
            }
        }
        let (trigger_name, trigger_kind, trigger) =
            trigger.ok_or("No trigger binding specified: a function must have a trigger input binding")?;
        let retry =
            top.get("retry").filter(|retry| !retry.is_null()).map(RetryPolicy::from_json).transpose()?;
        Ok(Self {
            name: name.to_owned(),
            trigger_name,
            trigger_kind,
            trigger,
            outputs,
            retry,
            disabled: is_disabled(name, top, settings),
            config,
        })
    }

    /// The HTTP trigger, if it has one.
    pub(in crate::functions) fn http(&self) -> Option<&HttpTrigger> {
        match &self.trigger {
            Trigger::Http(http) => Some(http),
            Trigger::Timer(_) | Trigger::Service(_) => None,
        }
    }

    /// Exactly one httpTrigger and exactly one http output (`FunctionMetadataExtensions.cs`, `IsHttpInAndOutFunction`):
    /// only such a function is forwarded or proxied.
    pub(in crate::functions) fn is_http_in_and_out(&self) -> bool {
        self.http().is_some() && matches!(self.outputs.as_slice(), [output] if output.is_http())
    }
}

/// `AzureWebJobs.<Name>.Disabled` in the app settings, or the older key `disabled` in function.json.
fn is_disabled(name: &str, top: &Map<String, Value>, settings: &AppSettings) -> bool {
    let is_on = |value: &str| value.eq_ignore_ascii_case("true") || value == "1";
    // Linux forbids dots in a variable's name; the host takes underscores for them there.
    let setting = settings
        .get(&format!("AzureWebJobs.{name}.Disabled"))
        .or_else(|| settings.get(&format!("AzureWebJobs_{name}_Disabled")));
    if let Some(value) = setting {
        return is_on(value);
    }
    match top.get("disabled") {
        Some(Value::Bool(disabled)) => *disabled,
        Some(Value::String(setting)) => settings.get(setting).is_some_and(is_on),
        _ => false,
    }
}

enum Role {
    Trigger,
    Output,
}

struct Binding<'a> {
    kind: &'a str,
    keys: &'a Map<String, Value>,
}

impl<'a> Binding<'a> {
    fn read(json: &'a Value) -> Result<Self, String> {
        let keys = json.as_object().ok_or("each entry of \"bindings\" must be an object")?;
        let kind = keys.get("type").and_then(Value::as_str).ok_or("a binding lacks the key \"type\"")?;
        Ok(Self { kind, keys })
    }

    fn role(&self) -> Result<Role, String> {
        let known = |list: &[&str]| list.iter().any(|kind| kind.eq_ignore_ascii_case(self.kind));
        // BindingMetadata.IsTrigger: the type's name ends in "trigger".
        if self.kind.to_ascii_lowercase().ends_with("trigger") {
            return if known(&KNOWN_TRIGGERS) { Ok(Role::Trigger) } else { Err(self.unknown()) };
        }
        if !known(&KNOWN_OUTPUTS) {
            return Err(self.unknown());
        }
        match self.text("direction") {
            Some(direction) if direction.eq_ignore_ascii_case("out") => Ok(Role::Output),
            _ => Err(format!(
                "the input binding of type '{}' needs a service that this local host does not have: only triggers and output bindings work here",
                self.kind
            )),
        }
    }

    fn unknown(&self) -> String {
        format!(
            "The binding type(s) '{}' are not registered. Please ensure the type is correct and the binding extension is installed.",
            self.kind
        )
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.keys.get(key).and_then(Value::as_str)
    }

    fn boolean(&self, key: &str, default: bool) -> Result<bool, String> {
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(value)) => Ok(*value),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(format!("the key \"{key}\" of the {} must be true or false", self.kind)),
        }
    }

    /// FunctionDescriptorProvider.cs lets a binding's name be letters and digits that start with a letter, or `$return`.
    fn name(&self) -> Result<String, String> {
        let name = self
            .text("name")
            .ok_or_else(|| format!("the binding of type '{}' lacks the key \"name\"", self.kind))?;
        let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.len() <= 128
            && name.chars().all(|character| character.is_ascii_alphanumeric());
        if is_plain || name == "$return" {
            Ok(name.to_owned())
        } else {
            Err(format!("The binding name {name} is invalid. Please assign a valid name to the binding."))
        }
    }

    fn trigger(
        &self,
        function: &str,
        host: &HostConfiguration,
        settings: &AppSettings,
    ) -> Result<Trigger, String> {
        if self.kind.eq_ignore_ascii_case("httpTrigger") {
            return self.http_trigger(function, host, settings).map(Trigger::Http);
        }
        if self.kind.eq_ignore_ascii_case("timerTrigger") {
            return self.timer_trigger(settings).map(Trigger::Timer);
        }
        self.service_trigger(settings).map(Trigger::Service)
    }

    fn service_trigger(&self, settings: &AppSettings) -> Result<ServiceTrigger, String> {
        let is = |kind: &str| self.kind.eq_ignore_ascii_case(kind);
        let (service, named_by): (MessageSource, &[&str]) = if is("queueTrigger") {
            (MessageSource::Queue, &["queueName"])
        } else if is("serviceBusTrigger") {
            (MessageSource::ServiceBus, &["queueName", "topicName"])
        } else if is("eventHubTrigger") {
            (MessageSource::EventHub, &["eventHubName", "path"])
        } else if is("eventGridTrigger") {
            (MessageSource::EventGrid, &[])
        } else if is("blobTrigger") {
            (MessageSource::Blob, &["path"])
        } else if is("cosmosDBTrigger") {
            (MessageSource::CosmosDb, &["containerName", "collectionName"])
        } else if is("sqlTrigger") {
            (MessageSource::Sql, &["tableName"])
        } else {
            (MessageSource::Other, &[])
        };
        let source = named_by.iter().find_map(|key| self.text(key)).unwrap_or_default();
        let says =
            |key: &str, value: &str| self.text(key).is_some_and(|text| text.eq_ignore_ascii_case(value));
        Ok(ServiceTrigger {
            service,
            many: says("cardinality", "many"),
            binary: says("dataType", "binary"),
            source: expand(settings, source)?,
        })
    }

    fn http_trigger(
        &self,
        function: &str,
        host: &HostConfiguration,
        settings: &AppSettings,
    ) -> Result<HttpTrigger, String> {
        let methods = match self.keys.get("methods") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(methods)) => methods
                .iter()
                .map(|method| method.as_str().map(str::to_ascii_uppercase))
                .collect::<Option<Vec<_>>>()
                .ok_or("the key \"methods\" must be an array of strings")?,
            Some(_) => return Err("the key \"methods\" must be an array of strings".to_owned()),
        };
        // Nobody is asked for a key, but what the real host would refuse is refused.
        let level = self.text("authLevel").unwrap_or("function");
        if !["anonymous", "function", "admin"].iter().any(|known| known.eq_ignore_ascii_case(level)) {
            return Err(format!("the authLevel '{level}' is not anonymous, function or admin"));
        }
        let route = match self.text("route").filter(|route| !route.is_empty()) {
            Some(route) => expand(settings, route)?,
            None => function.to_owned(),
        };
        let route = route.trim_start_matches('/');
        // HttpRoutes.cs: the host keeps these first segments for itself.
        let first = route.split('/').next().unwrap_or_default();
        if ["admin", "runtime"].iter().any(|reserved| reserved.eq_ignore_ascii_case(first)) {
            return Err("The specified route conflicts with one or more built in routes: it must not begin with 'admin' or 'runtime'.".to_owned());
        }
        let full = if host.route_prefix.is_empty() {
            route.to_owned()
        } else {
            format!("{}/{route}", host.route_prefix)
        };
        let route = RouteTemplate::parse(&full)
            .map_err(|error| format!("the route '{route}' can't be used: {error}"))?;
        Ok(HttpTrigger { methods, route })
    }

    fn timer_trigger(&self, settings: &AppSettings) -> Result<TimerTrigger, String> {
        let schedule = self.text("schedule").ok_or("the timerTrigger lacks the key \"schedule\"")?;
        let schedule = Schedule::parse(&expand(settings, schedule)?)?;
        // TimerTriggerAttribute bindings drop the monitor for schedules that fire more than once a minute.
        let use_monitor = self.boolean("useMonitor", true)? && !schedule.is_more_frequent_than_a_minute();
        Ok(TimerTrigger { run_on_startup: self.boolean("runOnStartup", false)?, use_monitor, schedule })
    }
}

fn expand(settings: &AppSettings, text: &str) -> Result<String, String> {
    settings
        .expand(text)
        .map_err(|name| format!("'%{name}%' does not resolve to a value: add the app setting {name}"))
}
