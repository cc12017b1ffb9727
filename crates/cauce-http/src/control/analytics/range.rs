//! Which figures are asked for: of whom, over which range, in which time zone.

use std::time::Duration;

use cauce_flow::{campaign::window::TimeZone, id::TenantId, time::Timestamp};
use cauce_observe::analytics::calendar::Range;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{app::App, auth::Caller, problem::Problem, wire::analytics_out::Before};

/// The range where the caller does not say.
const DEFAULT_RANGE: Duration = Duration::from_secs(30 * 86_400);

/// Which figures.
#[derive(Clone, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Asked {
    /// From here: RFC 3339 or epoch milliseconds; without it, 30 days before `to`.
    #[param(value_type = Option<String>)]
    pub(super) from: Option<Timestamp>,
    /// To before here, but not beyond now; without it, now.
    #[param(value_type = Option<String>)]
    pub(super) to: Option<Timestamp>,
    /// The time zone of hours, days and weeks; without it, UTC.
    #[param(example = "Europe/Madrid")]
    pub(super) time_zone: Option<String>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    pub(super) tenant: Option<TenantId>,
}

/// A range that can be answered.
pub(crate) struct Checked {
    pub(super) range: Range,
    pub(super) before: Before,
    /// What was asked for, up to now.
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) zone: TimeZone,
    pub(super) zone_name: String,
}

/// Whose figures, and over which range.
pub(super) fn asked(
    app: &App,
    caller: &Caller,
    asked: Asked,
) -> Result<(TenantId, Checked), Problem> {
    let tenant = owner(caller, asked.tenant.as_ref())?;
    let (zone, zone_name) = zone(app, asked.time_zone.as_deref())?;
    let now = app.engine.now();
    let kept_from = app.engine.analytics().sums_from(now);
    let (from, to) = checked(&asked, now, kept_from)?;
    let range = Range::around(from.as_millis(), to.as_millis());
    let checked = Checked {
        range,
        before: Before {
            range: range.before(),
            is_kept: range.before().from >= kept_from.as_millis(),
        },
        from,
        to,
        zone,
        zone_name,
    };
    Ok((tenant, checked))
}

/// Whose figures.
pub(super) fn owner(caller: &Caller, tenant: Option<&TenantId>) -> Result<TenantId, Problem> {
    caller.owner(tenant)
}

/// The time zone with this name, and its name; UTC without one.
pub(super) fn zone(app: &App, name: Option<&str>) -> Result<(TimeZone, String), Problem> {
    let name = name.unwrap_or("UTC");
    let zone = app.engine.zone(name).ok_or_else(|| {
        Problem::bad_parameter(
            "timeZone",
            "no such time zone; write a name of the IANA database, such as Europe/Madrid",
        )
    })?;
    Ok((zone, name.to_owned()))
}

fn checked(
    asked: &Asked,
    now: Timestamp,
    kept_from: Timestamp,
) -> Result<(Timestamp, Timestamp), Problem> {
    // The quarter-hour that is running belongs to what is asked for up to now.
    let to = asked.to.unwrap_or(now).min(now + Duration::from_millis(1));
    let from = match asked.from {
        Some(from) => from,
        None => asked.to.unwrap_or(now).min(now) - DEFAULT_RANGE,
    };
    if asked.to.is_some_and(|to| from >= to) {
        return Err(Problem::bad_parameter("from", "lies not before `to`"));
    }
    if from >= to {
        return Err(Problem::bad_parameter("from", "lies in the future"));
    }
    if from < kept_from {
        let what = format!(
            "lies before {kept_from}; older figures are not kept (setting analytics.sums_kept)"
        );
        return Err(Problem::bad_parameter("from", what));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

    const DAY: Duration = Duration::from_secs(86_400);

    fn fault(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
        let asked = Asked {
            from,
            to,
            ..Asked::default()
        };
        let problem = checked(&asked, NOW, NOW - 762 * DAY).unwrap_err();
        String::from_utf8(problem.to_json()).unwrap()
    }

    #[test]
    fn bad_ranges_are_refused_with_what_is_wrong() {
        let hour = Duration::from_secs(3600);
        for (from, to, says) in [
            (Some(NOW), Some(NOW - hour), "lies not before `to`"),
            (Some(NOW), Some(NOW), "lies not before `to`"),
            (Some(NOW + hour), None, "lies in the future"),
            (Some(NOW - 800 * DAY), None, "lies before 2023-"),
        ] {
            let text = fault(from, to);
            assert!(text.contains(says), "{text}");
        }
    }

    #[test]
    fn a_range_ends_now_at_the_latest() {
        let asked = Asked {
            to: Some(NOW + DAY),
            ..Asked::default()
        };
        let (from, to) = checked(&asked, NOW, NOW - 762 * DAY).unwrap();
        assert_eq!(from, NOW - DEFAULT_RANGE);
        assert_eq!(to, NOW + Duration::from_millis(1));
    }
}
