//! `POST /api/whatsapp/messages`: messages to people.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_destinations::{
    message::{Message, Phone},
    normalize::country::Country,
};
use cauce_engine::messages::{MAX_MESSAGES, MessageFault, NewMessage, Refusal};
use cauce_flow::{id::TenantId, priority::Priority};
use serde_json::value::RawValue;

use crate::{
    app::App,
    auth::Caller,
    body::{self, Raw},
    control::{answer::Json, queues::OfTenant, sessions::owner},
    problem::{Code, Fault, Problem},
    query::Query,
    wire::{
        message::MessageBody,
        message_out::{BulkTakenView, TakenView},
    },
};

/// Send a message.
///
/// It waits in the line of its sender, by priority, and leaves as fast as the sender's rate allows.
/// The answer comes when it is durable; it never waits for the provider.
#[utoipa::path(
    post, path = "/api/whatsapp/messages", tag = "messages", operation_id = "sendMessage",
    params(OfTenant),
    request_body = MessageBody,
    responses((status = 202, description = "It is taken.", body = TakenView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
    body::Json(body): body::Json<MessageBody>,
) -> Result<Response, Problem> {
    let tenant = owner(&caller, &of)?;
    let read = read(body, app.engine.country_of(&tenant)).map_err(Problem::invalid)?;
    let taken = take(&app, &tenant, vec![read], |_| String::new()).await?;
    let taken = taken.into_iter().next();
    let taken = taken.ok_or_else(|| Problem::internal(&"a message was taken and has no answer"))?;
    Ok((StatusCode::ACCEPTED, Json(taken)).into_response())
}

/// Send up to 100 messages.
///
/// All of them are taken or none. The answer comes when they are durable.
#[utoipa::path(
    post, path = "/api/whatsapp/messages/bulk", tag = "messages", operation_id = "sendMessages",
    params(OfTenant),
    request_body(content = Vec<MessageBody>, description = "From 1 to 100 messages."),
    responses((status = 202, description = "They are taken.", body = BulkTakenView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn send_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
    Raw(bytes): Raw,
) -> Result<Response, Problem> {
    let tenant = owner(&caller, &of)?;
    let text = body::text(&bytes, app.settings.max_depth)?;
    let entries: Vec<&RawValue> = body::parse(text)?;
    if entries.len() > MAX_MESSAGES {
        let what = format!("at most {MAX_MESSAGES} messages a call; split it into several");
        return Err(Problem::new(Code::TooManyEntries, what));
    }
    if entries.is_empty() {
        let what = format!("empty; send from 1 to {MAX_MESSAGES} messages");
        return Err(Problem::invalid(vec![Fault::at("", what)]));
    }
    let country = app.engine.country_of(&tenant);
    let messages = read_all(&entries, country)?;
    let items = take(&app, &tenant, messages, |entry| format!("/{entry}")).await?;
    Ok((StatusCode::ACCEPTED, Json(BulkTakenView { items })).into_response())
}

/// Every message, or every fault of any of them.
fn read_all(entries: &[&RawValue], country: Option<Country>) -> Result<Vec<NewMessage>, Problem> {
    let (mut messages, mut faults) = (Vec::with_capacity(entries.len()), Vec::new());
    for (entry, raw) in entries.iter().enumerate() {
        let parsed = body::parse_at::<MessageBody>(raw.get());
        let parsed = parsed.map_err(|(_, fault)| vec![fault]);
        match parsed.and_then(|body| read(body, country)) {
            Ok(message) => messages.push(message),
            Err(found) => faults.extend(found.into_iter().map(|fault| within(entry, fault))),
        }
    }
    match faults.is_empty() {
        true => Ok(messages),
        false => Err(Problem::invalid(faults)),
    }
}

fn within(entry: usize, fault: Fault) -> Fault {
    let pointer = fault.pointer.unwrap_or_default();
    Fault::at(format!("/{entry}{pointer}"), fault.detail)
}

fn read(mut body: MessageBody, country: Option<Country>) -> Result<NewMessage, Vec<Fault>> {
    let to = Phone::parse(&body.to, country).map_err(|error| Fault::at("/to", error.to_string()));
    let content = body.content();
    let (to, content) = match (to, content) {
        (Ok(to), Ok(content)) => (to, content),
        (to, content) => return Err(to.err().into_iter().chain(content.err()).collect()),
    };
    Ok(NewMessage {
        message: Message {
            conversation_id: body.conversation_id,
            metadata: body.metadata,
            ..Message::new(to, content)
        },
        sender: body.sender,
        priority: body.priority.unwrap_or(Priority::Normal),
        scheduled_at: body.scheduled_at,
        expires_at: body.expires_at,
        campaign: body.campaign_id,
    })
}

async fn take(
    app: &App,
    tenant: &TenantId,
    messages: Vec<NewMessage>,
    place: impl Fn(usize) -> String,
) -> Result<Vec<TakenView>, Problem> {
    let taken = app.engine.take_messages(tenant, messages).await;
    let taken = taken.map_err(|refusal| refused(refusal, place))?;
    Ok(taken.into_iter().map(TakenView::from).collect())
}

fn refused(refusal: Refusal, place: impl Fn(usize) -> String) -> Problem {
    match refusal {
        Refusal::NoSender => Problem::new(Code::WrongState, refusal.to_string()),
        Refusal::Faulty(faults) => {
            let fault = |fault: MessageFault| {
                Fault::at(
                    format!("{}{}", place(fault.entry), fault.pointer),
                    fault.detail,
                )
            };
            Problem::invalid(faults.into_iter().map(fault).collect())
        }
        Refusal::Store(error) => error.into(),
    }
}
