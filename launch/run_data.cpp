#include "launch/run_data.h"

#include "io/row_table_writer.h"
#include "launch/assemble.h"
#include "runtime/agree.h"

namespace switchyard {

RunData::RunData(const Config& config, Comm& world) {
  agree(world, [&] {
    require(!config.data.dataset.empty(), Exit::usage,
            "data.dataset is not set: name a folder that `switchyard prepare` wrote, in the "
            "config or with --set data.dataset=FOLDER");
    store.emplace(config.data.dataset);
  });
  const std::filesystem::path rows =
      prepare_rows(*store, config.data.sequence_length, config.run.directory, world);
  agree(world, [&] {
    Loader::Layout layout = loader_layout(config, world);
    loader.emplace(*store, rows, "train", layout);
    layout.weights.clear();  // every held-out document counts once
    if (store->num_tokens("validation") > 0) {
      validation.emplace(*store, rows, "validation", layout);
    }
  });
}

}  // namespace switchyard
