use proptest::prelude::*;

use super::*;

const ORDERS: [Order; 11] = [
    Order::Schedule,
    Order::Unschedule,
    Order::Edit,
    Order::Start,
    Order::Admit,
    Order::Pause,
    Order::Resume,
    Order::Stop,
    Order::Complete,
    Order::Reopen,
    Order::Fail,
];

#[test]
fn orders_lead_where_the_drawing_says() {
    for (from, order, to) in [
        (State::Draft, Order::Start, State::Queued),
        (State::Scheduled, Order::Start, State::Queued),
        (State::Queued, Order::Admit, State::Sending),
        (State::Queued, Order::Pause, State::Paused),
        (State::Sending, Order::Pause, State::Paused),
        (State::Paused, Order::Pause, State::Paused),
        (State::Paused, Order::Resume, State::Queued),
        (State::Sending, Order::Resume, State::Sending),
        (State::Paused, Order::Stop, State::Stopped),
        (State::Scheduled, Order::Stop, State::Stopped),
        (State::Stopped, Order::Stop, State::Stopped),
        (State::Sending, Order::Complete, State::Completed),
        (State::Completed, Order::Reopen, State::Sending),
    ] {
        assert_eq!(from.on(order), Ok(to), "{from} {order}");
    }
}

#[test]
fn what_nobody_can_mean_is_refused_with_what_to_do() {
    for (state, order) in [
        (State::Draft, Order::Stop),
        (State::Draft, Order::Pause),
        (State::Scheduled, Order::Pause),
        (State::Queued, Order::Start),
        (State::Sending, Order::Start),
        (State::Paused, Order::Start),
        (State::Sending, Order::Edit),
        (State::Paused, Order::Complete),
        (State::Stopped, Order::Reopen),
        (State::Failed, Order::Reopen),
    ] {
        let refusal = state.on(order).unwrap_err();
        assert_eq!(refusal, Refusal { state, order });
        assert!(refusal.to_string().contains("hint: "), "{refusal}");
    }
}

proptest! {
    #[test]
    fn no_end_is_left_but_by_messages_that_are_put_back_and_no_start_undone(
        orders in prop::collection::vec(0usize..11, 0..30),
    ) {
        let mut state = State::Draft;
        for order in orders {
            let before = state;
            if let Ok(next) = state.on(ORDERS[order]) {
                state = next;
            }
            let reopened = (before, ORDERS[order]) == (State::Completed, Order::Reopen);
            prop_assert!(!before.is_final() || state == before || reopened);
            prop_assert!(!before.has_started() || state.has_started());
            prop_assert_eq!(State::named(state.as_str()), Some(state));
        }
    }
}
