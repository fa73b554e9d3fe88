//! What a processor reads: an enum with one variant a topic.

use kefu_contracts::Timestamp;
use kefu_contracts::codec::{Codec, DecodeError};
use kefu_contracts::topic::{TopicInfo, Value};

/// The decoded input of a processor.
pub trait Input: Sized + Send {
    /// The topics it comes from, co-partitioned.
    const TOPICS: &'static [TopicInfo];

    /// When what it tells of happened; none if its topic holds no single instant.
    fn event_time(&self) -> Option<Timestamp>;

    /// Reads a record of `topic`, whose value may be `known` and is known afterwards; none if the topic is not among
    /// [`Input::TOPICS`].
    fn read(topic: &str, known: &mut Option<Value>, codec: &Codec, payload: &[u8])
    -> Option<Result<Self, DecodeError>>;
}

/// Declares an [`Input`]: `input! { /// doc \n pub enum Read { Event(ChannelEvent) from CHANNEL_EVENTS, } }`.
#[macro_export]
macro_rules! input {
    ($(#[$doc:meta])* $vis:vis enum $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident($type:ty) from $topic:expr),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug)]
        $vis enum $name { $($(#[$variant_doc])* $variant(std::sync::Arc<$type>)),+ }

        impl $crate::Input for $name {
            const TOPICS: &'static [kefu_contracts::topic::TopicInfo] = &[$($topic.info),+];

            fn event_time(&self) -> Option<kefu_contracts::Timestamp> {
                match self { $(Self::$variant(value) => $topic.event_time(value)),+ }
            }

            fn read(
                topic: &str,
                known: &mut Option<kefu_contracts::topic::Value>,
                codec: &kefu_contracts::codec::Codec,
                payload: &[u8],
            ) -> Option<Result<Self, kefu_contracts::codec::DecodeError>> {
                $(if topic == $topic.info.name {
                    return Some($topic.read(known, codec, payload).map(Self::$variant));
                })+
                None
            }
        }
    };
}
