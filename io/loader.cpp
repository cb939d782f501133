#include "io/loader.h"

#include <algorithm>
#include <utility>

#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

constexpr std::int64_t no_row = -1;

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

void check_layout(const Loader::Layout& layout) {
  require(
      layout.sequence_length >= 1 && layout.micro_batch_size >= 1 && layout.global_batch_size >= 1,
      Exit::usage,
      "a sequence length of {}, a micro-batch of {} and a batch of {} must all be at least 1",
      layout.sequence_length, layout.micro_batch_size, layout.global_batch_size);
  require(layout.global_batch_size % layout.micro_batch_size == 0, Exit::usage,
          "a batch of {} sequences does not divide into micro-batches of {}",
          layout.global_batch_size, layout.micro_batch_size);
  const std::int64_t num_micro_batches = layout.global_batch_size / layout.micro_batch_size;
  require(layout.num_ranks <= num_micro_batches, Exit::usage,
          "there are {} ranks and only {} micro-batches in a step: start at most {} ranks, or make "
          "the batch larger or the micro-batch smaller",
          layout.num_ranks, num_micro_batches, num_micro_batches);
}

}  // namespace

Loader::Loader(TokenStore& store, std::string split, const Layout& layout)
    : store_(store), split_(std::move(split)), layout_(layout) {
  check_layout(layout_);
  num_tokens_ = store_.num_tokens(split_);
  num_rows_ = (num_tokens_ - 1) / layout_.sequence_length;
  require(num_rows_ >= 1, Exit::data,
          "the {} split has {} tokens, and one row takes {}: prepare more text, or shorten the "
          "sequence",
          split_, num_tokens_, layout_.sequence_length + 1);
  num_micro_batches_ = layout_.global_batch_size / layout_.micro_batch_size;

  const std::int64_t num_rounds = divide_up(num_micro_batches_, layout_.num_ranks);
  row_.resize(static_cast<std::size_t>(layout_.sequence_length + 1));
  batches_.resize(static_cast<std::size_t>(num_rounds));
  const Shape shape{num_rounds * layout_.micro_batch_size, layout_.sequence_length};
  tokens_ = Buffer(shape, DType::i32);
  targets_ = Buffer(shape, DType::i32);
  positions_ = Buffer(shape, DType::i32);
}

std::int64_t Loader::row_of_sample(std::int64_t n) const {
  const auto epoch = static_cast<std::uint64_t>(n / num_rows_);
  const Permutation order(static_cast<std::uint64_t>(num_rows_), layout_.seed, epoch);
  return static_cast<std::int64_t>(order(static_cast<std::uint64_t>(n % num_rows_)));
}

std::int64_t Loader::num_pass_steps() const {
  return divide_up(divide_up(num_pass_targets(), layout_.sequence_length),
                   layout_.global_batch_size);
}

StepData Loader::step(std::int64_t step) {
  require(step >= 0, "step {}", step);
  const std::int64_t first = step * layout_.global_batch_size;
  return gather(step, layout_.global_batch_size * layout_.sequence_length,
                [&](std::int64_t slot) { return row_of_sample(first + slot); });
}

StepData Loader::pass(std::int64_t step) {
  require(step >= 0 && step < num_pass_steps(), "step {} of a pass of {}", step, num_pass_steps());
  const std::int64_t length = layout_.sequence_length;
  const std::int64_t first = step * layout_.global_batch_size;
  const std::int64_t end =
      std::min(first + layout_.global_batch_size, divide_up(num_pass_targets(), length));
  return gather(step, std::min(end * length, num_pass_targets()) - first * length,
                [&](std::int64_t slot) { return first + slot < end ? first + slot : no_row; });
}

// row_of_slot(slot) is a row, or no_row for padding.
template <class RowOfSlot>
StepData Loader::gather(std::int64_t step, std::int64_t loss_tokens, RowOfSlot row_of_slot) {
  const std::int64_t size = layout_.micro_batch_size;
  for (std::int64_t round = 0; round < std::ssize(batches_); ++round) {
    const std::int64_t index = round * layout_.num_ranks + layout_.rank;
    const bool empty = index >= num_micro_batches_ || row_of_slot(index * size) == no_row;
    batches_[static_cast<std::size_t>(round)] = batch_at(round, empty ? -1 : index);
    for (std::int64_t i = 0; !empty && i < size; ++i) {
      fill_row(row_of_slot(index * size + i), round * size + i);
    }
  }
  return {step, loss_tokens, batches_};
}

Batch Loader::batch_at(std::int64_t round, std::int64_t index) const {
  const std::int64_t size = index < 0 ? 0 : layout_.micro_batch_size;
  const std::int64_t length = layout_.sequence_length;
  const std::int64_t first = round * layout_.micro_batch_size;
  const auto part = [&](const Buffer& buffer) {
    return buffer.tensor().row_range(first, first + size).view({size * length});
  };
  return {index, size, length, part(tokens_), part(targets_), part(positions_)};
}

void Loader::fill_row(std::int64_t row, std::int64_t place) {
  const std::int64_t length = layout_.sequence_length;
  const std::int64_t begin = row * length;
  const std::int64_t count = row == no_row ? 0 : std::min(length + 1, num_tokens_ - begin);
  store_.read(split_, row == no_row ? 0 : begin,
              std::span(row_).first(static_cast<std::size_t>(count)));

  const std::int32_t boundary = store_.boundary_token();
  std::int32_t* const tokens = tokens_.tensor().as<std::int32_t>() + place * length;
  std::int32_t* const targets = targets_.tensor().as<std::int32_t>() + place * length;
  std::int32_t* const positions = positions_.tensor().as<std::int32_t>() + place * length;
  for (std::int64_t i = 0; i < length; ++i) {
    tokens[i] = i < count ? row_[static_cast<std::size_t>(i)] : boundary;
    targets[i] = i + 1 < count ? row_[static_cast<std::size_t>(i + 1)] : -1;
    positions[i] = i == 0 || tokens[i] == boundary ? 0 : positions[i - 1] + 1;
  }
}

}  // namespace switchyard
