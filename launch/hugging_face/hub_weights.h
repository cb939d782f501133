// HubWeights: the tensors of a folder in the layout of Hugging Face: one safetensors file, or
// several with an index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/files/file.h"
#include "io/safetensors/safetensors.h"

namespace switchyard::hub {

inline constexpr const char* config_name = "config.json";
inline constexpr const char* index_name = "model.safetensors.index.json";
inline constexpr const char* single_name = "model.safetensors";

struct StoredTensor {
  std::size_t file = 0;
  SafeTensor tensor;
};

class HubWeights {
 public:
  // Reads every header. Errors: Exit::data, naming the file and the tensor, for weights in another
  // format, a damaged or missing file, a tensor that the index names and its file lacks, one that
  // the index does not name, or one in two files.
  explicit HubWeights(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  bool has(const std::string& name) const { return tensors_.contains(name); }
  const std::filesystem::path& file(const StoredTensor& tensor) const {
    return files_[tensor.file];
  }
  const std::vector<std::filesystem::path>& files() const { return files_; }
  std::int64_t num_files() const { return std::ssize(files_); }
  std::int64_t bytes() const;  // of the tensors

  // Reads elements [begin, begin + out.size()) of a tensor of floats. Not for two threads at once.
  // Errors: Exit::data if the file is cut short.
  void read(const StoredTensor& tensor, std::int64_t begin, std::span<float> out);

 private:
  void add_file(const std::filesystem::path& path, const std::map<std::string, std::string>* index);

  std::filesystem::path folder_;
  std::vector<std::filesystem::path> files_;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::size_t, durable::File> open_;
  std::vector<std::byte> buffer_;
};

}  // namespace switchyard::hub
