// The texts that profiles are made of.
#include "launch/suites/profile.h"

namespace switchyard::suites {

const std::vector<std::string>& profile_texts() {
  static const std::vector<std::string> texts = {
      "The function returns the number of bytes that were written, or -1 if an error occurred. In "
      "that case the variable errno says what happened, and nothing was written to the file.",
      "It was late in the year when the two of them reached the harbour. Nobody had lit the lamps, "
      "and the ships lay so close together that one could have walked from deck to deck.",
      "  * New upstream release.\n  * Fix a crash when the configuration file is empty. (Closes: "
      "#123456)\n  * Update the German translation of the debconf templates.\n",
      "for (int i = 0; i < count; ++i) {\n  if (values[i] > limit) {\n    sum += values[i];\n  "
      "}\n}\n"
      "return sum;\n",
      "In 1969 two people walked on the Moon for the first time. They stayed for less than a day, "
      "took pictures, set up instruments and came home with 21.5 kg of stones.",
      "The total is 12 + 30 = 42. If x is 7, then 3 * x - 1 is 20, and half of that is 10.",
      "Q: What should I do if the program does not start?\nA: Look into the log file first. It "
      "says "
      "which library is missing.\nQ: And if it is empty?\nA: Then check that the disk is not full.",
      "Der Hund schläft unter dem Tisch. Le chien dort sous la table. El perro duerme debajo de la "
      "mesa.",
  };
  return texts;
}

}  // namespace switchyard::suites
