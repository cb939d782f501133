// Fuzzes what a folder of Hugging Face says of its weights and its model: whatever a safetensors
// header or a config.json holds, a result or Exit::data comes out, and tensors lie in their file.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "io/safetensors/safetensors.h"
#include "launch/hugging_face/hub_config.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

template <class Work>
void expect_data_error(Work work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.code() != Exit::data) std::abort();
  }
}

std::filesystem::path place() {
  return std::filesystem::temp_directory_path() / ("hub_config_fuzz-" + std::to_string(getpid()));
}

void read_header(const std::string& bytes) {
  std::ofstream(place(), std::ios::binary | std::ios::trunc) << bytes;
  expect_data_error([&] {
    for (const SafeTensor& tensor : read_safetensors_header(place())) {
      if (tensor.begin < 8 || tensor.bytes < 0) std::abort();
      if (tensor.begin + tensor.bytes > static_cast<std::int64_t>(bytes.size())) std::abort();
    }
  });
}

// As it is, and with the length that makes it a header, so that what lies behind it is reached.
void read_both(const std::string& text) {
  read_header(text);
  const std::size_t end = text.find('\0');
  const std::uint64_t length = end == std::string::npos ? text.size() : end;
  std::string head(sizeof length, '\0');
  std::memcpy(head.data(), &length, sizeof length);
  read_header(head + text);
}

}  // namespace
}  // namespace switchyard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  switchyard::read_both(text);
  switchyard::expect_data_error([&] { switchyard::hub::read_hub_config(text, "config.json"); });
  return 0;
}
