//! How the sums of the newest records leave the store.

use cauce_flow::time::Timestamp;

use super::{
    EmbeddedStore,
    ask::Ask,
    state::{Reply, State},
};
use crate::{
    jobs::Call,
    rollups::{Gathers, Key, Place, Rollup, Sums},
};

impl Gathers for EmbeddedStore {
    fn instance(&self) -> u32 {
        self.shared.instance
    }

    fn take_gathered(&self) -> Call<'_, (u64, Sums)> {
        Box::pin(async {
            match self.shared.ask(Ask::TakeGathered).await? {
                Reply::Gathered(through, sums) => Ok((through, sums)),
                other => unreachable!("asked for sums, got {other:?}"),
            }
        })
    }

    fn gathered_kept(&self, through: u64) {
        self.shared.state.lock().gathered.kept(through);
    }

    fn give_back_gathered(&self, sums: Sums) {
        self.shared.state.lock().gathered.give_back(sums);
    }

    fn gathered(&self) -> Vec<(Key, Rollup)> {
        let state = self.shared.state.lock();
        named(&state, state.gathered.sums())
    }

    fn named(&self, sums: &Sums) -> Vec<(Key, Rollup)> {
        named(&self.shared.state.lock(), sums)
    }
}

fn named(state: &State, sums: &Sums) -> Vec<(Key, Rollup)> {
    let key = |(start, queue, tenant): &Place| {
        Some(Key {
            start: Timestamp::from_millis(*start),
            queue: state.names.text(*queue).parse().ok()?,
            tenant: state.names.text(*tenant).parse().ok()?,
        })
    };
    sums.iter()
        .filter_map(|(place, sum)| Some((key(place)?, sum.clone())))
        .collect()
}
