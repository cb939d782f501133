#include "launch/plan/rates.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/files/durable.h"
#include "io/files/toml.h"
#include "runtime/error.h"

namespace switchyard::plan {
namespace {

constexpr std::int64_t max_rates_bytes = 1 << 16;

double positive(const toml::node& node, std::string_view key, const std::string& file) {
  const std::optional<double> value = node.value<double>();
  require(value && *value > 0.0, Exit::usage, "{}, line {}: {} must be a positive number", file,
          node.source().begin.line, key);
  return *value;
}

void apply_parts(const toml::table& table, const std::string& file,
                 std::map<std::string, double>& of_parts) {
  for (const auto& [part, value] : table)
    of_parts[std::string(part.str())] = positive(value, part.str(), file);
}

void apply_origin(const toml::table& table, const std::string& file, RatesOrigin& origin) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (name == "ranks" || name == "nodes") {
      (name == "ranks" ? origin.ranks : origin.nodes) =
          static_cast<int>(std::min(positive(node, name, file), 1e9));
      continue;
    }
    const std::optional<std::string> text = node.value<std::string>();
    require(text.has_value(), Exit::usage, "{}, line {}: {} must be text", file,
            node.source().begin.line, name);
    origin.sizes[name] = *text;
  }
}

void apply_rates(const toml::table& table, const std::string& file, Rates& rates) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (name == "parts" && node.is_table()) {
      apply_parts(*node.as_table(), file, rates.parts);
    } else if (name == "waits" && node.is_table()) {
      apply_parts(*node.as_table(), file, rates.waits);
    } else if (name == "measured" && node.is_table()) {
      apply_origin(*node.as_table(), file, rates.origin);
    } else if (name == "matmul") {
      rates.limits.matmul = positive(node, name, file);
    } else if (name == "memory") {
      rates.limits.memory = positive(node, name, file);
    } else if (name == "exchange") {
      rates.limits.exchange = positive(node, name, file);
    } else if (name == "program") {
      rates.program_bytes = positive(node, name, file);
    } else {
      fail(Exit::usage,
           "{}, line {}: unknown key {}; the keys are matmul, memory, exchange, program, [parts], "
           "[waits] and [measured]",
           file, node.source().begin.line, name);
    }
  }
}

}  // namespace

double limit_for(WorkUnit unit, const MachineLimits& limits) {
  switch (unit) {
    case WorkUnit::flops:
      return limits.matmul;
    case WorkUnit::bytes:
      return limits.memory;
    case WorkUnit::sent:
      return limits.exchange;
    case WorkUnit::choices:
      return limits.memory / 64.0;  // a pair is sorted, counted and written, about a cache line
  }
  fail(Exit::internal, "unknown unit of work");
}

double seconds_for(const PartWork& work, const Rates& rates) {
  if (work.amount == 0.0) return 0.0;
  const auto own = rates.parts.find(work.part);
  const double rate = own != rates.parts.end() ? own->second : limit_for(work.unit, rates.limits);
  require(rate > 0.0, Exit::usage, "the rates have no entry for {}: add it to [parts]", work.part);
  const auto wait = rates.waits.find(work.part);
  return work.amount / rate + (wait != rates.waits.end() ? wait->second : 0.0);
}

std::int64_t program_bytes(const Rates& rates) {
  constexpr std::int64_t usual =
      80'000'000;  // Open MPI 4.1, HDF5 and compiled kernels: 60 to 95 MB
  return rates.program_bytes > 0.0 ? static_cast<std::int64_t>(rates.program_bytes) : usual;
}

Rates read_rates(const std::filesystem::path& file) {
  require(std::filesystem::is_regular_file(file), Exit::usage, "there is no rates file {}",
          file.string());
  Rates rates;
  try {
    apply_rates(toml::parse(durable::read_file(file, max_rates_bytes)), file.string(), rates);
  } catch (const toml::parse_error& error) {
    fail(Exit::usage, "{}, line {}: {}", file.string(), error.source().begin.line,
         error.description());
  }
  return rates;
}

std::string print_rates(const Rates& rates) {
  std::string text = fmt::format(
      "# Per rank and second: FLOPs of a large matrix product, bytes of memory read and written, "
      "bytes sent.\nmatmul = {:.4e}\nmemory = {:.4e}\nexchange = {:.4e}\n",
      rates.limits.matmul, rates.limits.memory, rates.limits.exchange);
  if (rates.program_bytes > 0.0)
    text += fmt::format("\n# Bytes of a process besides what a plan counts.\nprogram = {:.4e}\n",
                        rates.program_bytes);
  text += "\n# The rates that the parts of a step reached.\n[parts]\n";
  for (const auto& [part, rate] : rates.parts) text += fmt::format("{} = {:.4e}\n", part, rate);
  if (!rates.waits.empty()) {
    text += "\n# Seconds of a step that a rank waits in them for slower ones.\n[waits]\n";
    for (const auto& [part, wait] : rates.waits) text += fmt::format("{} = {:.4e}\n", part, wait);
  }
  if (rates.origin.ranks == 0) return text;
  text += fmt::format("\n# What they were measured on.\n[measured]\nranks = {}\nnodes = {}\n",
                      rates.origin.ranks, rates.origin.nodes);
  for (const auto& [key, value] : rates.origin.sizes)
    text += fmt::format("\"{}\" = \"{}\"\n", key, value);
  return text;
}

}  // namespace switchyard::plan
