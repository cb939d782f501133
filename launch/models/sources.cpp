#include "launch/models/sources.h"

#include <optional>
#include <utility>

#include "launch/hugging_face/hub_source.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"

namespace switchyard::models {

CheckpointReader open_model(const std::filesystem::path& path, Comm& world, Hashes hashes) {
  bool is_hub = false;
  std::string folder;
  on_root(world, [&] {
    is_hub = hub::is_hub_folder(path);
    if (!is_hub) folder = resolve_checkpoint(path).string();
  });
  is_hub = reduce_one(world, std::int64_t{is_hub}, Reduce::max) > 0;
  if (!is_hub) return CheckpointReader::open_on_all(folder, world);
  if (hashes == Hashes::yes) return hub::open_hub_model(path, world);
  std::optional<CheckpointReader> reader;
  agree(world,
        [&] { reader.emplace(hub::open_hub_source({.from = path, .tokenizer = ""}).reader()); });
  return std::move(*reader);
}

Sources::Sources(const std::vector<std::string>& paths, Comm& world, Hashes hashes) {
  for (const std::string& path : paths) readers_.push_back(open_model(path, world, hashes));
  for (const CheckpointReader& reader : readers_) all_.push_back(&reader);
}

}  // namespace switchyard::models
