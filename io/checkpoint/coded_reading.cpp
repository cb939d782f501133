// CheckpointReader: names and shapes, and weights that are kept as codes.
#include <algorithm>

#include "io/checkpoint/checkpoint_reader_state.h"
#include "runtime/error.h"

namespace switchyard {

std::map<std::string, CodedShape> coded_among(const std::map<std::string, TensorPlace>& places) {
  std::map<std::string, CodedShape> coded;
  for (const auto& [name, place] : places) {
    const std::string value = value_name_of(name);
    if (value.empty()) continue;
    const auto scale = places.find(scale_name_of(value));
    require(scale != places.end() && scale->second.dtype == DType::f32 && !places.contains(value),
            Exit::data, "{} needs {} in f32, and no {} beside it", name, scale_name_of(value),
            value);
    coded[value] = coded_shape(value, place.dtype, place.shape, scale->second.shape);
  }
  return coded;
}

CheckpointReader::Codes CheckpointReader::State::read_groups(const std::string& name,
                                                             const CodedShape& of,
                                                             std::int64_t first,
                                                             std::int64_t count) const {
  const auto& [bits, group] = of.format;
  Codes read;
  read.codes.resize(static_cast<std::size_t>(bytes_of_codes(count * group, bits)));
  read.scales.resize(static_cast<std::size_t>(count));
  read_bytes(code_name_of(name), bytes_of_codes(first * group, bits), read.codes);
  read_bytes(scale_name_of(name), first * static_cast<std::int64_t>(sizeof(float)),
             std::as_writable_bytes(std::span(read.scales)));
  return read;
}

void CheckpointReader::State::decode_part(const std::string& name, const CodedShape& of,
                                          std::int64_t begin, std::span<float> out) const {
  const std::int64_t group = of.format.group;
  std::vector<float> weights;
  while (!out.empty()) {
    const std::int64_t first = begin / group,
                       end = begin + std::min(std::ssize(out), widened_at_once),
                       count = (end + group - 1) / group - first;
    const Codes read = read_groups(name, of, first, count);
    weights.resize(static_cast<std::size_t>(count * group));
    decode_weights(read.codes, read.scales, of.format, weights);
    std::copy_n(weights.begin() + (begin - first * group), end - begin, out.begin());
    out = out.subspan(static_cast<std::size_t>(end - begin));
    begin = end;
  }
}

std::vector<std::string> CheckpointReader::names() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : state_->places) {
    if (value_name_of(name).empty() && !state_->holds_scales(name)) names.push_back(name);
  }
  for (const auto& [name, coded] : state_->coded) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

Shape CheckpointReader::shape(const std::string& name) const {
  const CodedShape* const coded = state_->find_coded(name);
  return coded != nullptr ? coded->shape : state_->find(name).shape;
}

DType CheckpointReader::dtype(const std::string& name) const {
  return state_->find_coded(name) != nullptr ? DType::f32 : state_->find(name).dtype;
}

std::optional<CodeFormat> CheckpointReader::format(const std::string& name) const {
  const CodedShape* const coded = state_->find_coded(name);
  return coded != nullptr ? std::optional(coded->format) : std::nullopt;
}

std::int64_t CheckpointReader::held_bytes(const std::string& name) const {
  const std::int64_t size = shape(name).size(), each = bytes_of(DType::f32);
  const std::optional<CodeFormat> codes = format(name);
  return codes ? bytes_of_codes(size, codes->bits) + size / codes->group * each : size * each;
}

CheckpointReader::Codes CheckpointReader::read_codes(const std::string& name) const {
  const CodedShape* const coded = state_->find_coded(name);
  require(coded != nullptr, Exit::data, "'{}' of {} has no codes", name, folder().string());
  return state_->read_groups(name, *coded, 0, coded->shape.size() / coded->format.group);
}

}  // namespace switchyard
