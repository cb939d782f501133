// The state that the lab's saver saves: a function of the step, so that any program can tell
// whether what it loaded is what was saved.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "runtime/random.h"

namespace switchyard::crash_lab {

class Model {
 public:
  explicit Model(std::int64_t step) {
    for (int i = 0; i < 8; ++i) add(fmt::format("value/layer{}.up", i), {37, 40}, step);
    for (int i = 0; i < 4; ++i) add(fmt::format("first_moment/layer{}.up", i), {5, 9}, step);
    add("value/empty", {0, 4}, step);
  }

  // What rank `rank` of `size` owns.
  std::vector<NamedTensor> share(int rank, int size) const {
    std::vector<NamedTensor> mine;
    int index = 0;
    for (const auto& [name, buffer] : tensors_) {
      if (index++ % size == rank) mine.push_back({name, buffer});
    }
    return mine;
  }

  // What CheckpointReader::hash() must say; scratch: a folder that may be made and removed.
  std::string hash(const std::filesystem::path& scratch) const {
    const auto alone = make_single_comm();
    Stream stream = Stream::cpu(1);
    std::filesystem::remove_all(scratch);
    std::filesystem::create_directories(scratch);
    const auto folder = save_checkpoint(scratch, 1, 1, share(0, 1), {}, *alone, stream);
    const std::string hash = CheckpointReader(folder).hash();
    std::filesystem::remove_all(scratch);
    return hash;
  }

 private:
  void add(const std::string& name, Shape shape, std::int64_t step) {
    Buffer buffer(shape, DType::f32);
    auto* values = static_cast<float*>(buffer.tensor().data);
    const Random random(static_cast<std::uint64_t>(step), Purpose::data_order, tensors_.size());
    for (std::int64_t i = 0; i < shape.size(); ++i) {
      values[i] = static_cast<float>(random.uniform(static_cast<std::uint64_t>(i)));
    }
    tensors_.emplace(name, std::move(buffer));
  }

  std::map<std::string, Buffer> tensors_;
};

}  // namespace switchyard::crash_lab
