#include "launch/run/lineage.h"

#include <algorithm>
#include <filesystem>

namespace switchyard {
namespace {

using nlohmann::json;

json parent_of(const CheckpointReader& model) {
  const auto step = model.known_step();
  return {{"path", std::filesystem::absolute(model.folder()).lexically_normal().string()},
          {"kind", model.kind()},
          {"hash", model.digest()},
          {"step", step ? json(*step) : json()}};
}

void add_dataset(const json& dataset, json& datasets) {
  const auto same = [&](const json& one) { return one.value("hash", json()) == dataset["hash"]; };
  if (dataset.contains("hash") && std::ranges::none_of(datasets, same)) datasets.push_back(dataset);
}

}  // namespace

json lineage_of(std::span<const CheckpointReader* const> parents) {
  json lineage = {{"parents", json::array()}, {"datasets", json::array()}};
  for (const CheckpointReader* parent : parents) {
    lineage["parents"].push_back(parent_of(*parent));
    const json& meta = parent->meta();
    if (meta.contains("dataset")) add_dataset(meta["dataset"], lineage["datasets"]);
    const json inherited = meta.value(json::json_pointer("/lineage/datasets"), json::array());
    for (const json& dataset : inherited) add_dataset(dataset, lineage["datasets"]);
  }
  return lineage;
}

void add_calibration(const TokenStore& store, json& lineage) {
  const json dataset = {
      {"folder", std::filesystem::absolute(store.dataset()).lexically_normal().string()},
      {"hash", store.hash()}};
  lineage["calibration"] = dataset;
  add_dataset(dataset, lineage["datasets"]);
}

}  // namespace switchyard
