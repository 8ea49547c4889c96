//! A cluster file written out again, with every default: reading it must give the same values.

use serde_json::{Map, Value as Json, json};

use crate::model::file::parts::{API_VERSION, KIND};
use crate::model::file::rules::durations;
use crate::model::file::types::*;
use crate::model::provider::Provider;

/// As YAML. Free text goes through another writer's quoting here, and must come back unharmed.
pub fn to_yaml(file: &ClusterFile) -> String {
    serde_saphyr::to_string(&to_json(file)).unwrap()
}

pub fn to_json(file: &ClusterFile) -> Json {
    let mut json = json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": file.name,
        "provider": file.provider,
        "region": file.region,
        "kubernetes": file.kubernetes,
        "access": file.access,
        "store": file.store,
        "ssh": file.ssh,
        "network": file.network,
        "tags": file.tags,
        "controlPlane": file.control_plane,
        "pools": file.pools.iter().map(pool).collect::<Vec<_>>(),
        "drain": drain(&file.drain),
        "images": file.images,
        "tools": file.tools,
    });
    json["controlPlane"]["disk"] = disk(&file.control_plane.disk);
    let s3 = matches!(file.store, StoreSpec::S3 { .. });
    if file.provider == Provider::Aws || s3 {
        json["aws"] = json!(file.aws);
    }
    match file.provider {
        Provider::Aws => {}
        Provider::Azure => json["azure"] = json!(file.azure),
        Provider::Sandbox => json["sandbox"] = json!(file.sandbox),
    }
    without_null(json)
}

fn pool(pool: &Pool) -> Json {
    let mut json = json!(pool);
    if let Some(fields) = json.as_object_mut() {
        fields.remove("size");
    }
    match pool.size {
        PoolSize::Fixed(count) => json["count"] = count.into(),
        PoolSize::Bounds { min, max } => {
            json["min"] = min.into();
            json["max"] = max.into();
        }
    }
    json["disk"] = disk(&pool.disk);
    json
}

fn disk(disk: &Disk) -> Json {
    json!({ "sizeGiB": disk.size_gib, "type": disk.kind })
}

fn drain(drain: &DrainSpec) -> Json {
    let mut json = json!(drain);
    json["timeout"] = durations::written(drain.timeout).into();
    json["totalTimeout"] = durations::written(drain.total_timeout).into();
    json
}

/// A field without a value is not written.
fn without_null(json: Json) -> Json {
    match json {
        Json::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Json::Object(kept.map(|(name, value)| (name, without_null(value))).collect::<Map<_, _>>())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_null).collect()),
        other => other,
    }
}
