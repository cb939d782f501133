#include "launch/score/token_request.h"

#include <algorithm>

#include "launch/score/python_text.h"
#include "runtime/error.h"

namespace switchyard::tasks {
namespace {

using Tokens = std::vector<std::int32_t>;

void append(std::span<const std::int32_t> tokens, Tokens& to) {
  to.insert(to.end(), tokens.begin(), tokens.end());
}

}  // namespace

Tokens RequestEncoder::whole(std::string_view text) const {
  Tokens tokens = tokenizer_.encode(text);
  if (tokenizer_.puts_boundary_first() && !begins(tokens)) {
    tokens.insert(tokens.begin(), tokenizer_.boundary());
  }
  return tokens;
}

bool RequestEncoder::begins(std::span<const std::int32_t> tokens) const {
  return !tokens.empty() && tokens.front() == tokenizer_.boundary();
}

TokenRequest RequestEncoder::encode(std::string_view context, std::string_view continuation,
                                    std::string_view where) {
  const std::size_t moved = trailing_white_space(context);
  std::string wanted(context.substr(context.size() - moved));
  context.remove_suffix(moved);
  wanted += continuation;
  if (last_tokens_.empty() || last_context_ != context) {
    last_context_ = context;
    last_tokens_ = whole(context);
  }
  const std::span<const std::int32_t> before = last_tokens_;
  const Tokens all = whole(last_context_ + wanted);
  TokenRequest encoded{.request = {.tokens = last_tokens_}};
  auto& [tokens, first] = encoded.request;
  encoded.joined =
      !std::ranges::equal(before, std::span(all).first(std::min(all.size(), before.size())));
  if (before.empty() && !begins(all)) tokens.push_back(tokenizer_.boundary());
  append(all.size() > before.size() ? std::span(all).subspan(before.size())
                                    : std::span<const std::int32_t>(tokenizer_.encode(wanted)),
         tokens);
  first = std::max(std::int64_t{1}, std::ssize(before));
  const std::int64_t asked = std::ssize(tokens) - first;
  require(asked > 0, Exit::data, "{}: the continuation is empty", where);
  require(
      asked <= max_length_, Exit::data,
      "{}: the continuation has {} tokens, more than the {} that the model reads (--max-length)",
      where, asked, max_length_);
  const std::int64_t over = std::ssize(tokens) - (max_length_ + 1);
  if (over > 0) {
    tokens.erase(tokens.begin(), tokens.begin() + over);
    first -= over;
    encoded.cut = true;
  }
  return encoded;
}

std::vector<ScoreRequest> RequestEncoder::rolling(std::string_view text) const {
  Tokens tokens = tokenizer_.encode(text);  // each but the boundary is asked for
  if (!begins(tokens)) tokens.insert(tokens.begin(), tokenizer_.boundary());
  std::vector<ScoreRequest> requests;
  for (std::int64_t next = 1; next < std::ssize(tokens); next += max_length_) {
    const std::int64_t end = std::min(next + max_length_, std::ssize(tokens));
    const std::int64_t begin = std::max(std::int64_t{0}, end - max_length_ - 1);
    requests.push_back({Tokens(tokens.begin() + begin, tokens.begin() + end), next - begin});
  }
  return requests;
}

}  // namespace switchyard::tasks
