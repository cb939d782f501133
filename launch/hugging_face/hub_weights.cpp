#include "launch/hugging_face/hub_weights.h"

#include <algorithm>
#include <set>

#include "io/files/durable.h"
#include "io/safetensors/narrow.h"
#include "io/text/escape.h"
#include "io/text/strict_json.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::int64_t largest_index = 100'000'000;
constexpr std::size_t max_open_files = 64;

// The file of each tensor.
std::map<std::string, std::string> read_index(const fs::path& path) {
  const Json index = parse_strict_json(durable::read_file(path, largest_index), path.string());
  require(index.is_object() && index.contains("weight_map") && index["weight_map"].is_object(),
          Exit::data, "{} has no weight_map", path.string());
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : index["weight_map"].items()) {
    require(file.is_string(), Exit::data, "{}: the file of {} is no text", path.string(),
            terminal_text(name));
    const auto text = file.get<std::string>();
    require(text == fs::path(text).filename() && text.ends_with(".safetensors"), Exit::data,
            "{}: the file of {} is {}, and not a safetensors file of this folder", path.string(),
            terminal_text(name), terminal_text(text));
    files[name] = text;
  }
  return files;
}

// Errors: Exit::data, as there are no weights to read.
[[noreturn]] void fail_without_weights(const fs::path& folder) {
  require(fs::is_directory(folder), Exit::data, "{} is no folder", folder.string());
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    require(!name.ends_with(".bin") && !name.ends_with(".pt") && !name.ends_with(".pth"),
            Exit::data,
            "{} has its weights as {}, a format that can run code when it is read: save them as "
            "safetensors with transformers' save_pretrained",
            folder.string(), terminal_text(name));
  }
  fail(Exit::data, "{} has neither {} nor {}", folder.string(), single_name, index_name);
}

}  // namespace

HubWeights::HubWeights(const fs::path& folder) : folder_(folder) {
  std::error_code ignored;
  const bool single = fs::exists(folder / single_name, ignored),
             several = fs::exists(folder / index_name, ignored);
  require(!single || !several, Exit::data,
          "{} has both {} and {}: remove the one that is not of this model", folder.string(),
          single_name, index_name);
  if (single) {
    add_file(folder / single_name, nullptr);
    return;
  }
  if (!several) fail_without_weights(folder);
  const std::map<std::string, std::string> index = read_index(folder / index_name);
  std::set<std::string> names;
  for (const auto& [tensor, file] : index) names.insert(file);
  for (const std::string& name : names) {
    require(fs::exists(folder / name, ignored), Exit::data,
            "{} lacks the file {}, which its index names", folder.string(), terminal_text(name));
    add_file(folder / name, &index);
  }
  for (const auto& [tensor, file] : index) {
    require(has(tensor), Exit::data, "{} lacks the tensor {}, which the index says it holds",
            (folder / file).string(), terminal_text(tensor));
  }
}

void HubWeights::add_file(const fs::path& path, const std::map<std::string, std::string>* index) {
  for (SafeTensor& tensor : read_safetensors_header(path)) {
    const std::string name = tensor.name, shown = terminal_text(name);
    if (index != nullptr) {
      const auto entry = index->find(name);
      require(entry != index->end(), Exit::data, "{} holds the tensor {}, which is not in {}",
              path.string(), shown, index_name);
      const bool twice = has(name) || entry->second != path.filename();
      require(!twice, Exit::data, "{} holds the tensor {}, which the index places in {}",
              path.string(), shown, terminal_text(entry->second));
    }
    tensors_.emplace(name, StoredTensor{files_.size(), std::move(tensor)});
  }
  files_.push_back(path);
}

std::int64_t HubWeights::bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [name, stored] : tensors_) bytes += stored.tensor.bytes;
  return bytes;
}

void HubWeights::read(const StoredTensor& stored, std::int64_t begin, std::span<float> out) {
  if (open_.size() > max_open_files) open_.clear();
  auto found = open_.find(stored.file);
  if (found == open_.end())
    found = open_.emplace(stored.file, durable::File::open_for_reading(file(stored))).first;
  const SafeTensor& tensor = stored.tensor;
  const std::int64_t element = safetensors_element_bytes(tensor.dtype);
  const bool direct = tensor.dtype == "F32";
  if (!direct) buffer_.resize(out.size() * static_cast<std::size_t>(element));
  const std::span<std::byte> bytes = direct ? std::as_writable_bytes(out) : std::span(buffer_);
  const std::int64_t got = found->second.read_at(tensor.begin + begin * element, bytes);
  require(got == std::ssize(bytes), Exit::data, "{} is cut short within {}", file(stored).string(),
          terminal_text(tensor.name));
  if (!direct) values_as(tensor.dtype, bytes, out);
}

}  // namespace switchyard::hub
