//! Goes over every route with every key that must not open it.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::Value;

use super::client::{Answer, call};

/// A key that nobody was given.
const WRONG: &str = "ck_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Bodies with which a call gets as far as its object, by operation.
const BODIES: &[(&str, &str)] = &[
    ("takePixelEvents", "[]"),
    ("trackAnalytics", "[]"),
    ("eraseFromAnalytics", r#"{"phones":["+34600111222"]}"#),
    ("verifyTokens", "{}"),
    ("putSessionQr", r#"{"qr":"x"}"#),
    ("putSessionStatus", r#"{"status":"x"}"#),
    ("relay", "{}"),
    (
        "makeRelay",
        r#"{"name":"swept","url":"https://shop.example/in"}"#,
    ),
    ("hearEvolution", "{}"),
    ("hearEvolutionByEvent", "{}"),
    ("hearTwilio", "{}"),
    ("hearWhatsappCloud", "{}"),
    ("sendMessage", r#"{"to":"+34600123456","text":"x"}"#),
    ("sendMessages", r#"[{"to":"+34600123456","text":"x"}]"#),
    ("changeMessage", r#"{"priority":"high"}"#),
    ("cleanMessages", r#"{"before":"2020-01-01T00:00:00Z"}"#),
    ("retryDeadMessages", r#"{"dryRun":true}"#),
    ("cleanQueue", r#"{"before":"2020-01-01T00:00:00Z"}"#),
    ("cancelJobs", r#"{"all":true}"#),
    ("retryDeadOfQueue", r#"{"dryRun":true}"#),
    ("changeJob", r#"{"priority":"high"}"#),
    ("resolveJob", r#"{"outcome":"dead"}"#),
    ("putContacts", "[]"),
    ("changeContact", "{}"),
    ("optOut", r#"{"phones":["+34600111222"]}"#),
    ("optIn", r#"{"phones":["+34600111222"]}"#),
    ("importContacts", "phone"),
    (
        "makeCampaign",
        r#"{"name":"swept","sender":"swept","message":"x"}"#,
    ),
    ("changeCampaign", r#"{"name":"swept"}"#),
    ("signIn", r#"{"key":"x"}"#),
    ("createKey", r#"{"name":"swept","scopes":["read"]}"#),
    ("takeTrackingEvents", "{}"),
    ("setThrottling", r#"{"samplingRate":50}"#),
];

/// Operations on names that each tenant gives by itself: the same name of another tenant is another
/// thing, and there to be made.
const OF_ONES_OWN: [&str; 6] = [
    "setThrottling",
    "resetThrottling",
    "eraseVisitor",
    "putSessionQr",
    "putSessionStatus",
    "forgetSession",
];
/// The operation that a public write key opens.
const FOR_PAGES: &str = "takeTrackingEvents";

/// What the sweep needs of a server with two tenants.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Where the server listens.
    pub addr: SocketAddr,
    /// A key that was revoked.
    pub revoked: String,
    /// For each scope, a key that has every other one.
    pub without: BTreeMap<String, String>,
    /// A key of another tenant than the one below, with every scope.
    pub other: String,
    /// A public write key, and an origin that it names.
    pub page: (String, String),
    /// The tenant whose objects are asked for.
    pub tenant: String,
    /// An object of that tenant for each route parameter. A route that uses `id` for several kinds
    /// of objects is named `parameter operationId`, as in `id revokeKey`.
    pub objects: BTreeMap<String, String>,
}

/// One operation of the document.
struct Operation {
    id: String,
    method: String,
    path: String,
    scope: Option<String>,
    parameters: Vec<String>,
    takes_tenant: bool,
    body: Option<&'static str>,
    needs_body: bool,
}

impl Sweep {
    /// Tries every route; answers each way in which one let somebody in or said too much.
    pub async fn run(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for operation in operations() {
            if operation.needs_body && operation.body.is_none() {
                findings.push(format!("{}: the sweep has no body for it", operation.id));
            }
            self.strangers(&operation, &mut findings).await;
            self.neighbours(&operation, &mut findings).await;
            self.pages(&operation, &mut findings).await;
        }
        findings
    }

    /// No key, a wrong one, a revoked one, one without the scope.
    async fn strangers(&self, operation: &Operation, findings: &mut Vec<String>) {
        let path = operation.path_with(|name| self.object(operation, name));
        let Some(scope) = &operation.scope else {
            let answer = self.ask(operation, &path, None).await;
            if operation.path.starts_with("/webhooks/") {
                return expect(findings, operation, "no secret", &answer, |a| {
                    is(a, 401, "bad_key")
                });
            }
            expect(findings, operation, "no key", &answer, |a| {
                let nobody = operation.path == "/api/session";
                // The tracker is not in a binary that was built without it.
                let unbuilt = operation.id == "getTracker" && a.status == 404;
                a.status < 400 || a.status == 503 || unbuilt || (nobody && a.status == 401)
            });
            return;
        };
        let nobody = self.ask(operation, &path, None).await;
        expect(findings, operation, "no key", &nobody, |a| {
            is(a, 401, "no_key")
        });
        for (who, key) in [("a wrong key", WRONG), ("a revoked key", &self.revoked)] {
            let answer = self.ask(operation, &path, Some(key)).await;
            expect(findings, operation, who, &answer, |a| is(a, 401, "bad_key"));
        }
        let Some(key) = self.without.get(scope) else {
            findings.push(format!(
                "{}: the sweep has no key without `{scope}`",
                operation.id
            ));
            return;
        };
        let answer = self.ask(operation, &path, Some(key)).await;
        let named = |a: &Answer| is(a, 403, "missing_scope") && a.body.contains(scope.as_str());
        expect(
            findings,
            operation,
            "a key without the scope",
            &answer,
            named,
        );
    }

    /// Another tenant's key: what exists has to look like what does not.
    async fn neighbours(&self, operation: &Operation, findings: &mut Vec<String>) {
        if operation.scope.is_none() {
            return;
        }
        let own = OF_ONES_OWN.contains(&operation.id.as_str());
        if !operation.parameters.is_empty() && !own {
            let real = operation.path_with(|name| self.object(operation, name));
            let nowhere = operation.path_with(|name| made_up(&self.object(operation, name)));
            let there = self.ask(operation, &real, Some(&self.other)).await;
            let not_there = self.ask(operation, &nowhere, Some(&self.other)).await;
            expect(findings, operation, "another tenant's key", &there, |a| {
                is(a, 404, "not_found")
            });
            let (mut told, mut untold) = (there.body, not_there.body);
            for name in &operation.parameters {
                let object = self.object(operation, name);
                told = told.replace(&object, "X");
                untold = untold.replace(&made_up(&object), "X");
            }
            if told != untold {
                findings.push(format!(
                    "{}: what exists is told from what does not: {told} / {untold}",
                    operation.id
                ));
            }
        }
        if operation.takes_tenant && (own || operation.parameters.is_empty()) {
            let path = operation.path_with(|name| self.object(operation, name));
            let path = format!("{path}?tenant={}{}", self.tenant, operation.needed_query());
            let answer = self.ask(operation, &path, Some(&self.other)).await;
            expect(findings, operation, "another tenant's name", &answer, |a| {
                is(a, 404, "not_found")
            });
        }
    }

    /// A public write key opens one route, to pages, and is no bearer token on any.
    async fn pages(&self, operation: &Operation, findings: &mut Vec<String>) {
        if operation.scope.is_none() {
            return;
        }
        let path = operation.path_with(|name| self.object(operation, name));
        let (key, origin) = (self.page.0.as_str(), self.page.1.as_str());
        let as_bearer = self.ask(operation, &path, Some(key)).await;
        expect(
            findings,
            operation,
            "a write key as bearer",
            &as_bearer,
            |a| is(a, 401, "bad_key"),
        );
        let headers = [("x-write-key", key), ("origin", origin)];
        let of_page = self.ask_with(operation, &path, &headers).await;
        let opens = operation.id == FOR_PAGES;
        expect(findings, operation, "a write key", &of_page, |a| {
            if opens {
                a.status == 422
            } else {
                is(a, 401, "no_key")
            }
        });
    }

    fn object(&self, operation: &Operation, parameter: &str) -> String {
        let special = self.objects.get(&format!("{parameter} {}", operation.id));
        special
            .or_else(|| self.objects.get(parameter))
            .cloned()
            .unwrap_or_else(|| "x".to_owned())
    }

    async fn ask(&self, operation: &Operation, path: &str, key: Option<&str>) -> Answer {
        let bearer = key.map(|key| format!("Bearer {key}"));
        let headers: Vec<(&str, &str)> = bearer
            .iter()
            .map(|bearer| ("authorization", bearer.as_str()))
            .collect();
        self.ask_with(operation, path, &headers).await
    }

    async fn ask_with(
        &self,
        operation: &Operation,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = format!("{} {path}", operation.method);
        let answer = call(self.addr, &request, headers, operation.body).await;
        answer.unwrap_or_else(|error| Answer {
            status: 0,
            headers: BTreeMap::new(),
            body: error.to_string(),
        })
    }
}

/// A refusal of this kind, in full form.
fn is(answer: &Answer, status: u16, code: &str) -> bool {
    let header = |name: &str| answer.headers.get(name).map_or("", String::as_str);
    answer.status == status
        && answer.code() == code
        && header("content-type") == "application/problem+json"
        && header("www-authenticate").starts_with("Bearer") == (status == 401)
}

fn expect(
    findings: &mut Vec<String>,
    operation: &Operation,
    who: &str,
    answer: &Answer,
    right: impl Fn(&Answer) -> bool,
) {
    if !right(answer) {
        let start: String = answer.body.chars().take(200).collect();
        findings.push(format!(
            "{} with {who}: {} {start}",
            operation.id, answer.status
        ));
    }
}

/// A name of the same form that nothing has: the last letters are changed, so that an id stays one.
fn made_up(object: &str) -> String {
    let keep = object.len().saturating_sub(3);
    let tail = if object.ends_with("000") {
        "001"
    } else {
        "000"
    };
    format!("{}{tail}", &object[..keep])
}

impl Operation {
    /// The parameters without which the query is refused, and its tenant never looked at.
    fn needed_query(&self) -> &'static str {
        match self.id.as_str() {
            "listTrackingEvents" => "&visitorId=3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2d",
            _ => "",
        }
    }

    fn path_with(&self, object: impl Fn(&str) -> String) -> String {
        let mut path = self.path.clone();
        for name in &self.parameters {
            path = path.replace(&format!("{{{name}}}"), &object(name));
        }
        path
    }
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&crate::openapi_json()).unwrap_or_default();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            found.push(read(path, method, operation));
        }
    }
    found
}

fn read(path: &str, method: &str, operation: &Value) -> Operation {
    let id = operation["operationId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let parameters = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let names = |place: &str| -> Vec<String> {
        let of_place = parameters
            .iter()
            .filter(|parameter| parameter["in"] == place);
        of_place
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect()
    };
    let security = operation["security"].as_array().into_iter().flatten();
    let scope = security.filter_map(|one| one["bearer"][0].as_str()).next();
    Operation {
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        scope: scope.map(str::to_owned),
        parameters: names("path"),
        takes_tenant: names("query").iter().any(|name| name == "tenant"),
        body: BODIES
            .iter()
            .find(|(name, _)| *name == id)
            .map(|(_, body)| *body),
        needs_body: operation.get("requestBody").is_some(),
        id,
    }
}
