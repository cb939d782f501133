#include "io/tokens/sentencepiece_model.h"

#include <cstring>
#include <string_view>

#include "runtime/error.h"

namespace switchyard {
namespace {

// A field of a message in the wire format of protocol buffers.
struct Field {
  int number = 0;
  std::uint64_t value = 0;  // of a number; a float is its bits
  std::string_view bytes;   // of a text or a message
};

class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}

  bool next(Field& field) {
    if (rest_.empty()) return false;
    enum Wire : std::uint64_t { varint = 0, eight_bytes = 1, sized = 2, four_bytes = 5 };
    const std::uint64_t key = number();
    field = {static_cast<int>(key >> 3), 0, {}};
    switch (key & 7U) {
      case varint:
        field.value = number();
        return true;
      case eight_bytes:
        take(8);
        return true;
      case sized:
        field.bytes = take(number());
        return true;
      case four_bytes: {
        std::uint32_t bits = 0;
        std::memcpy(&bits, take(sizeof bits).data(), sizeof bits);
        field.value = bits;
        return true;
      }
      default:
        fail(Exit::data, "the SentencePiece model has a field of an unknown kind");
    }
  }

 private:
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    fail(Exit::data, "the SentencePiece model has a number without an end");
  }
  std::string_view take(std::uint64_t count) {
    require(count <= rest_.size(), Exit::data, "the SentencePiece model is cut short");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string_view rest_;
};

SentencePiece read_piece(std::string_view bytes) {
  SentencePiece piece;
  Message message(bytes);
  for (Field field; message.next(field);) {
    if (field.number == 1) piece.text = field.bytes;
    if (field.number == 2)
      piece.score = __builtin_bit_cast(float, static_cast<std::uint32_t>(field.value));
    if (field.number == 3) piece.type = static_cast<SentencePiece::Type>(field.value);
  }
  return piece;
}

bool merges_pairs(std::string_view trainer) {
  constexpr std::uint64_t byte_pairs = 2;
  std::uint64_t type = 0;
  Message message(trainer);
  for (Field field; message.next(field);) {
    if (field.number == 3) type = field.value;
  }
  return type == byte_pairs;
}

void read_normalizer(std::string_view bytes, SentencePieceModel& model) {
  Message message(bytes);
  for (Field field; message.next(field);) {
    if (field.number == 2) model.normalizes = !field.bytes.empty();
    if (field.number == 3) model.adds_space = field.value != 0;
    if (field.number == 4) model.removes_spaces = field.value != 0;
  }
}

}  // namespace

SentencePieceModel read_sentencepiece_model(const std::string& bytes) {
  SentencePieceModel model;
  Message message(bytes);
  for (Field field; message.next(field);) {
    if (field.number == 1) model.pieces.push_back(read_piece(field.bytes));
    if (field.number == 2) model.merges = merges_pairs(field.bytes);
    if (field.number == 3) read_normalizer(field.bytes, model);
  }
  return model;
}

}  // namespace switchyard
