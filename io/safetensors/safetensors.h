// safetensors: the file format in which Hugging Face stores weights
// (https://github.com/huggingface/safetensors): 8 bytes with the length of a JSON header, the
// header, and the bytes of the tensors without a gap.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace switchyard {

struct SafeTensor {
  std::string name;
  std::string dtype;  // "F32", "BF16", "F16", ...
  std::vector<std::int64_t> shape;
  std::int64_t begin = 0, bytes = 0;  // from the first byte of the file
};

// Bytes of one element of a dtype of the format; 0 for any other name.
std::int64_t safetensors_element_bytes(const std::string& dtype);
// Errors: Exit::usage for a size beyond 62 bits.
std::int64_t safetensors_bytes(const std::string& dtype, const std::vector<std::int64_t>& shape);

// Returns the length and the header of a file with these tensors one after the other, and sets
// their begin and bytes. It is padded to a multiple of 8 bytes, so that tensors are aligned.
std::string safetensors_header(std::vector<SafeTensor>& tensors);

// Reads the header of a file. Errors: Exit::data, naming the file and the tensor, for anything but
// whole, known tensors that fill the file once: a header of over 100 MB, that is not JSON or has a
// name twice, unknown dtypes, gaps, overlaps, sizes that do not match shapes, a file cut short.
std::vector<SafeTensor> read_safetensors_header(const std::filesystem::path& file);

}  // namespace switchyard
