#include "io/safetensors/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "io/files/file.h"
#include "io/text/escape.h"
#include "io/text/strict_json.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t longest_header = 100'000'000;  // as in the format's own reader
constexpr std::int64_t length_bytes = 8;

constexpr std::array<std::pair<std::string_view, int>, 14> dtypes = {{{"BOOL", 1},
                                                                      {"U8", 1},
                                                                      {"I8", 1},
                                                                      {"F8_E5M2", 1},
                                                                      {"F8_E4M3", 1},
                                                                      {"I16", 2},
                                                                      {"U16", 2},
                                                                      {"F16", 2},
                                                                      {"BF16", 2},
                                                                      {"I32", 4},
                                                                      {"U32", 4},
                                                                      {"F32", 4},
                                                                      {"F64", 8},
                                                                      {"I64", 8}}};

std::int64_t natural(const Json& value, const std::filesystem::path& file,
                     const std::string& name) {
  constexpr std::int64_t most = std::int64_t{1} << 62;
  require(
      value.is_number_unsigned() && value.get<std::uint64_t>() < static_cast<std::uint64_t>(most),
      Exit::data, "{}: {} has a shape or an offset that is no size", file.string(), name);
  return value.get<std::int64_t>();
}

SafeTensor tensor_from(const std::string& name, const Json& entry, std::int64_t data_begin,
                       const std::filesystem::path& file) {
  const std::string shown = terminal_text(name);
  require(entry.is_object() && entry.size() == 3 && entry.contains("dtype") &&
              entry["dtype"].is_string() && entry.contains("shape") && entry["shape"].is_array() &&
              entry.contains("data_offsets") && entry["data_offsets"].is_array() &&
              entry["data_offsets"].size() == 2,
          Exit::data, "{}: {} is not described by dtype, shape and two data_offsets", file.string(),
          shown);
  SafeTensor tensor{name, entry["dtype"].get<std::string>(), {}};
  require(safetensors_element_bytes(tensor.dtype) > 0, Exit::data,
          "{}: {} has the dtype {}, which is not known", file.string(), shown,
          terminal_text(tensor.dtype));
  for (const Json& dim : entry["shape"]) tensor.shape.push_back(natural(dim, file, shown));
  const std::int64_t begin = natural(entry["data_offsets"][0], file, shown),
                     end = natural(entry["data_offsets"][1], file, shown);
  tensor.begin = data_begin + begin;
  tensor.bytes = end - begin;
  require(tensor.bytes == safetensors_bytes(tensor.dtype, tensor.shape), Exit::data,
          "{}: {} has {} bytes, which its shape does not need", file.string(), shown, tensor.bytes);
  return tensor;
}

// In the order of their bytes, which must fill the file.
void require_no_gap(std::vector<SafeTensor>& tensors, std::int64_t data_begin, std::int64_t end,
                    const std::filesystem::path& file) {
  std::sort(tensors.begin(), tensors.end(), [](const SafeTensor& a, const SafeTensor& b) {
    return std::pair(a.begin, a.bytes) < std::pair(b.begin, b.bytes);
  });
  std::int64_t next = data_begin;
  for (const SafeTensor& tensor : tensors) {
    require(tensor.begin == next, Exit::data, "{}: {} begins at byte {} and not at {}",
            file.string(), terminal_text(tensor.name), tensor.begin, next);
    next += tensor.bytes;
  }
  require(next == end, Exit::data, "{}: its tensors end at byte {}, the file at {}", file.string(),
          next, end);
}

}  // namespace

std::int64_t safetensors_element_bytes(const std::string& dtype) {
  const auto* const found = std::find_if(dtypes.begin(), dtypes.end(),
                                         [&](const auto& known) { return known.first == dtype; });
  return found == dtypes.end() ? 0 : found->second;
}

std::int64_t safetensors_bytes(const std::string& dtype, const std::vector<std::int64_t>& shape) {
  std::int64_t bytes = safetensors_element_bytes(dtype);
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  for (const std::int64_t dim : shape) {
    require(dim > 0 && bytes <= (std::int64_t{1} << 62) / dim, Exit::data,
            "a tensor of {} bytes times {} is larger than any file", bytes, dim);
    bytes *= dim;
  }
  return bytes;
}

std::string safetensors_header(std::vector<SafeTensor>& tensors) {
  Json header = Json::object();
  header["__metadata__"] = {{"format", "pt"}};  // transformers asks for it
  std::int64_t offset = 0;
  for (SafeTensor& tensor : tensors) {
    tensor.bytes = safetensors_bytes(tensor.dtype, tensor.shape);
    tensor.begin = offset;
    offset += tensor.bytes;
    header[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {tensor.begin, offset}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const auto length = static_cast<std::uint64_t>(text.size());
  std::string bytes(length_bytes, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes += text;
  for (SafeTensor& tensor : tensors) tensor.begin += std::ssize(bytes);
  return bytes;
}

std::vector<SafeTensor> read_safetensors_header(const std::filesystem::path& path) {
  const durable::File file = durable::File::open_for_reading(path);
  std::uint64_t length = 0;
  const std::int64_t got = file.read_at(0, std::as_writable_bytes(std::span(&length, 1)));
  require(got == length_bytes && length <= longest_header, Exit::data,
          "{} is not a safetensors file: it does not begin with the length of a header",
          path.string());
  std::string text(length, '\0');
  require(file.read_at(length_bytes, std::as_writable_bytes(std::span(text))) == std::ssize(text),
          Exit::data, "{} is cut short within its header of {} bytes", path.string(), length);
  const std::int64_t data_begin = length_bytes + std::ssize(text);
  std::vector<SafeTensor> tensors;
  const Json header = parse_strict_json(text, path.string() + ": its header");
  require(header.is_object(), Exit::data, "{}: its header is not a JSON object", path.string());
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") tensors.push_back(tensor_from(name, entry, data_begin, path));
  }
  require_no_gap(tensors, data_begin, file.size(), path);
  return tensors;
}

}  // namespace switchyard
