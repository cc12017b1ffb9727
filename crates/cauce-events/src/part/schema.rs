//! The columns of a part, as any reader of Parquet sees them.

use std::sync::{Arc, LazyLock};

use parquet::{
    basic::{
        Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel,
    },
    file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr},
    schema::types::{SchemaDescPtr, SchemaDescriptor, Type, TypePtr},
};

use crate::columns::{COLUMNS, Column};

/// What a column is in Parquet.
fn definition(column: Column) -> Type {
    let uuid = (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid));
    let text = (Physical::BYTE_ARRAY, Some(LogicalType::String));
    let (physical, logical) = match column {
        Column::EventId | Column::SiteId | Column::VisitorId | Column::SessionId => uuid,
        Column::TenantId | Column::EventType => text,
        Column::Metadata => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        Column::OccurredAt => {
            let utc_millis = LogicalType::timestamp(true, TimeUnit::MILLIS);
            (Physical::INT64, Some(utc_millis))
        }
        Column::Count => (Physical::INT32, Some(LogicalType::integer(32, false))),
        Column::Weight => (Physical::DOUBLE, None),
        Column::Bot => (Physical::BOOLEAN, None),
    };
    let length = match physical {
        Physical::FIXED_LEN_BYTE_ARRAY => 16,
        _ => -1,
    };
    Type::primitive_type_builder(column.name(), physical)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(logical)
        .with_length(length)
        .build()
        .expect("the definition is the same at every start")
}

/// The schema of every part.
pub(crate) static SCHEMA: LazyLock<TypePtr> = LazyLock::new(|| {
    let fields = COLUMNS.iter().map(|c| Arc::new(definition(*c))).collect();
    let schema = Type::group_type_builder("event").with_fields(fields);
    Arc::new(
        schema
            .build()
            .expect("the definition is the same at every start"),
    )
});

/// The schema with what follows from it.
pub(crate) static DESCRIPTOR: LazyLock<SchemaDescPtr> =
    LazyLock::new(|| Arc::new(SchemaDescriptor::new(SCHEMA.clone())));

/// Most rows of a row group. Readers skip whole groups, and a group is held in memory while it is
/// written or read.
pub(crate) const MAX_GROUP_ROWS: usize = 32_768;
/// Most bytes of different metadata in a row group.
pub(crate) const MAX_GROUP_TEXT: usize = 16 << 20;
/// Rows of a page.
pub(crate) const PAGE_ROWS: usize = 16_384;
/// Higher levels find next to nothing more in dictionaries and their indices.
pub(crate) const ZSTD_LEVEL: i32 = 3;

/// How a column is compressed. Ids are random: zstd finds nothing in them.
pub(crate) fn compression(column: Column) -> Compression {
    match column {
        Column::EventId => Compression::UNCOMPRESSED,
        _ => Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).expect("zstd knows the level")),
    }
}

/// How the columns are written that the library encodes, and what is said of all of them.
pub(crate) static PROPERTIES: LazyLock<WriterPropertiesPtr> = LazyLock::new(|| {
    let properties = WriterProperties::builder()
        .set_created_by("cauce".to_owned())
        .set_compression(compression(Column::OccurredAt))
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    Arc::new(properties.build())
});
