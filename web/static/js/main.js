// The pages work without these; each makes one part of them quicker or handier.
import "./plan-chat.js";
import "./answer-tools.js";
import "./feedback-form.js";
import "./reading-settings.js";
