/** Reports are compared as plain text, also where CI or FORCE_COLOR colour them. Node warns where both are set. */

delete process.env.FORCE_COLOR;
process.env.NO_COLOR = '1';
