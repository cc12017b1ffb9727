use super::*;

#[test]
fn a_late_start_follows_the_policy_and_one_in_time_does_not() {
    let grace = Duration::from_secs(60);
    let at = Timestamp::from_millis(1_000_000);
    let early = Timestamp::from_millis(999_999);
    for policy in [Policy::Send, Policy::Skip, Policy::Ask] {
        assert_eq!(policy.decide(at, grace, early), Due::At(at));
        assert_eq!(policy.decide(at, grace, at), Due::Start);
        assert_eq!(policy.decide(at, grace, at + grace), Due::Start);
        assert_eq!(policy.as_str().parse::<Policy>().unwrap(), policy);
    }
    let late = at + grace + Duration::from_millis(1);
    assert_eq!(Policy::Send.decide(at, grace, late), Due::Start);
    assert_eq!(Policy::Skip.decide(at, grace, late), Due::Missed);
    assert_eq!(Policy::Ask.decide(at, grace, late), Due::Ask);
    assert!("later".parse::<Policy>().is_err());
}
