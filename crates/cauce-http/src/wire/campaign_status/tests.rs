use cauce_engine::campaigns::{Progress, QueueFigures, SystemFigures};
use cauce_flow::{
    campaign::{failing::Outcomes, state::State},
    id::{AccountName, GroupName, TenantId},
};
use cauce_store::campaigns::campaign::Campaign;
use serde_json::{Value, json};

use super::*;
use crate::wire::campaign_system::SystemAnswer;

fn campaign() -> Campaign {
    Campaign {
        row: 1,
        id: GroupName::new("campaign_123").unwrap(),
        tenant: TenantId::new("acme").unwrap(),
        sender: AccountName::new("acme-wa").unwrap(),
        name: "Promoción".to_owned(),
        state: State::Sending,
        plan: "{}".to_owned(),
        tags: Vec::new(),
        list: None,
        scheduled_at: None,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
        started_at: Some(Timestamp::EPOCH),
        ended_at: None,
        job: Some("campaign_123_1703123456789".to_owned()),
        last_row: 0,
        estimate: 1_000,
        note: None,
        forgiven: Outcomes::default(),
    }
}

/// The answer holds all that the requirement's example does, and each of it is the same.
fn check_holds(answer: &Value, example: &Value, path: &str) {
    match example {
        Value::Object(fields) => {
            for (name, wanted) in fields {
                let found = answer.get(name);
                let path = format!("{path}.{name}");
                check_holds(
                    found.unwrap_or_else(|| panic!("{path} is missing")),
                    wanted,
                    &path,
                );
            }
        }
        wanted => assert_eq!(answer.as_f64(), wanted.as_f64(), "{path}: {answer}"),
    }
    if let Some(text) = example.as_str() {
        assert_eq!(answer, text, "{path}");
    }
}

#[test]
fn a_start_is_answered_as_the_requirement_shows() {
    let started = Started {
        job: "campaign_123_1703123456789".to_owned(),
        contacts: 1_000,
        takes_ms: 100_000,
        campaign: campaign(),
    };
    let answer = serde_json::to_value(StartedView::from(started)).unwrap();
    let example = json!({
        "message": "Campaña encolada exitosamente para envío",
        "jobId": "campaign_123_1703123456789",
        "estimatedContacts": 1000,
        "estimatedTime": 100_000,
        "campaign": {"id": "campaign_123", "status": "sending"},
    });
    check_holds(&answer, &example, "");
}

#[test]
fn a_status_is_answered_as_the_requirement_shows() {
    let status = CampaignStatus {
        campaign: campaign(),
        batches: Batches {
            total: 5,
            waiting: 1,
            active: 2,
            completed: 1,
            failed: 1,
        },
        progress: Progress {
            processed: 500,
            total: 1_000,
            success: 480,
            failed: 20,
        },
        metrics: Metrics {
            success_rate: Some(0.96),
            breaker: Some("closed"),
            ..Metrics::default()
        },
    };
    let answer = serde_json::to_value(StatusAnswer::from(status)).unwrap();
    assert_eq!(answer["success"], true);
    let example = json!({"status": {
        "campaignId": "campaign_123",
        "status": "sending",
        "totalJobs": 5,
        "activeJobs": 2,
        "waitingJobs": 1,
        "completedJobs": 1,
        "failedJobs": 1,
        "progress": {"processed": 500, "total": 1000, "success": 480, "failed": 20, "percentage": 50},
        "metrics": {"successRate": 96, "circuitBreakerStatus": "closed"},
    }});
    check_holds(&answer, &example, "");
    for name in [
        "messagesPerSecond",
        "averageProcessingTime",
        "startedAt",
        "finishedAt",
        "etaMs",
        "skipped",
        "variants",
    ] {
        assert!(answer["status"]["metrics"].get(name).is_some(), "{name}");
    }
}

#[test]
fn the_dashboard_is_answered_as_the_requirement_shows() {
    let queue = |waiting, active, completed, failed| QueueFigures {
        waiting,
        active,
        completed,
        failed,
        ..QueueFigures::default()
    };
    let status = cauce_engine::campaigns::SystemStatus {
        campaigns: queue(2, 1, 10, 0),
        batches: queue(50, 10, 1_000, 5),
        system: SystemFigures {
            campaigns_processed: 12,
            messages_sent: 5_000,
            messages_failed: 25,
            average_processing_ms: Some(1_500.0),
            active_workers: 10,
            breaker: "closed",
        },
    };
    let answer = serde_json::to_value(SystemAnswer::from(status)).unwrap();
    assert_eq!(answer["success"], true);
    let example = json!({"metrics": {
        "campaignQueue": {"waiting": 2, "active": 1, "completed": 10, "failed": 0, "delayed": 0},
        "processingQueue": {"waiting": 50, "active": 10, "completed": 1000, "failed": 5, "delayed": 0},
        "system": {
            "campaignsProcessed": 12,
            "messagesSent": 5000,
            "messagesFailed": 25,
            "averageProcessingTime": 1500,
            "activeWorkers": 10,
            "circuitBreakerStatus": "closed",
        },
    }});
    check_holds(&answer, &example, "");
}

#[test]
fn a_percentage_says_100_only_of_all() {
    for (part, whole, told) in [
        (0, 0, 0.0),
        (1, 3, 33.33),
        (999_999, 1_000_000, 99.99),
        (7, 7, 100.0),
    ] {
        assert_eq!(percentage(part, whole), told);
    }
}
